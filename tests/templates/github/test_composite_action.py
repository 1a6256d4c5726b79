"""action.yml run with GitHub's own parser and evaluator: what act does differently."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from act_runner import PYTHON, ActRunner
from echo_module import HOSTILE, hostile, put_echo_module, stored
from javascript import bundle, run_bundle
from old_pythons import pythons

from pipeline import action_id
from purveyor import json_text

if TYPE_CHECKING:
    from template_tools import Tools

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@dataclass(frozen=True, slots=True)
class Composite:
    """Runs our action on the runner's machine."""

    tools: Tools
    program: Path
    runner: ActRunner

    def run(self, inputs: JsonObject, event: JsonObject, **environ: str) -> JsonObject:
        """Run all steps; `event` is what GitHub would write into the event file."""
        folder = self.runner.folder
        environment = dict(self.runner.environment)
        environment["PATH"] = f"{PYTHON.parent}:{environment['PATH']}"
        (folder / "event.json").write_text(json_text.write(event), "utf-8")
        request = {
            "inputs": inputs,
            "github": {"event": event},
            "env": {**environment, **environ},
            "folder": str(folder),
            "workspace": str(self.runner.workspace),
            "event": str(folder / "event.json"),
        }
        (folder / "request.json").write_text(json_text.write(request), "utf-8")
        told = run_bundle(
            self.tools, self.program, str(self.runner.action), str(folder / "request.json")
        )
        answer = json_text.parse(told)
        assert isinstance(answer, dict)
        return answer


@pytest.fixture
def composite(tools: Tools, runner: ActRunner, tmp_path: Path) -> Composite:
    return Composite(
        tools, bundle(tools, Path(__file__).parent / "composite.mjs", tmp_path), runner
    )


def made_create(emulator: Emulator, value: str) -> JsonObject:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    return emulator.request_action(service, "create", {"database_name": value})


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "200 kB"])
def test_a_context_given_as_an_input_reaches_the_module_byte_for_byte(
    composite: Composite, emulator: Emulator, name: str
) -> None:
    mark = composite.runner.folder / "executed"
    value = hostile(name, mark)
    put_echo_module(composite.runner.workspace)
    create = made_create(emulator, value)
    inputs: JsonObject = {"context": json_text.write(create), "api-key": emulator.api_key}
    ran = composite.run(inputs, {})
    assert ran["code"] == 0, ran["log"]
    assert stored(composite.runner.folder.parent / "states") == value
    assert not mark.exists()
    outputs = ran["outputs"]
    assert isinstance(outputs, dict)
    assert (outputs["status"], outputs["reason"]) == ("success", "DONE")
    assert str(outputs["state-key"]).endswith("orders-db.tfstate")
    assert outputs["message"]


def test_a_context_too_large_for_a_variable_comes_from_the_event_file(
    composite: Composite, emulator: Emulator
) -> None:
    put_echo_module(composite.runner.workspace)
    text = json_text.write(made_create(emulator, HOSTILE["200 kB"]))
    inputs: JsonObject = {"context": text, "api-key": emulator.api_key}
    ran = composite.run(inputs, {"inputs": {"context": text}})
    assert ran["code"] == 0, ran["log"]
    assert stored(composite.runner.folder.parent / "states") == HOSTILE["200 kB"]


def test_a_context_too_large_for_a_variable_and_in_no_event_starts_nothing(
    composite: Composite, emulator: Emulator
) -> None:
    create = made_create(emulator, HOSTILE["200 kB"])
    ran = composite.run({"context": json_text.write(create)}, {})
    assert ran["code"] == 126
    assert "E2BIG" in str(ran["log"])
    assert emulator.action(action_id(create))["status"] == "pending"


def test_an_empty_input_leaves_the_environment_as_it_was(
    composite: Composite, emulator: Emulator
) -> None:
    put_echo_module(composite.runner.workspace)
    create = made_create(emulator, "orders")
    event: JsonObject = {"inputs": {"context": json_text.write(create)}}
    ran = composite.run({}, event, NULLPLATFORM_API_KEY=emulator.api_key)
    assert ran["code"] == 0, ran["log"]
    assert emulator.action(action_id(create))["status"] == "success"


def test_a_broken_context_is_refused_with_a_next_step(composite: Composite) -> None:
    ran = composite.run({"context": '{"notification": $(id)}'}, {})
    assert ran["code"] == 10
    assert "Next:" in str(ran["log"])


def test_a_runner_without_a_new_python_says_what_was_tried(composite: Composite) -> None:
    old = next((path for path, version in pythons() if version < (3, 11)), None)
    if old is None:
        pytest.skip("left out: no Python older than 3.11")
    folder = composite.runner.folder / "old"
    folder.mkdir()
    (folder / "python3").symlink_to(old)
    (folder / "bash").symlink_to("/bin/bash")
    ran = composite.run({}, {}, PATH=str(folder), RUNNER_TOOL_CACHE=str(folder / "none"))
    assert ran["code"] == 1
    assert "No Python 3.11 or newer" in str(ran["log"])
    assert str(folder) in str(ran["log"])
