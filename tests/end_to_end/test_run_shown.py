"""What `purveyor actions` shows of real runs: one succeeds, one fails, one is parked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline import action_id
from purveyor import json_text
from service_fixtures import OwnService, attribute, own_service
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject

SECRET = "the-canary-sings-1234"
CATALOG = """version: 1
backend: {type: local}
services:
  thing:
    steps:
      - name: work
        command: {run: [./work], undo: ['true']}
        parameters: [mood, password]
      - name: release
        approve: {within: 1h, operations: [delete]}
        command: {run: ['true'], undo: ['true']}
"""
WORK = """#!/bin/sh
case "$(cat)" in
*'"grumpy"'*) echo "The password the-canary-sings-1234 is refused." >&2; exit 3 ;;
esac
echo '{"token": "the-canary-sings-1234"}' > "$PURVEYOR_RESULT"
"""


@pytest.fixture
def service(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[OwnService]:
    properties: Any = {
        "mood": attribute("string", "create", "update"),
        "password": attribute("string", "create", "update", secret=True),
    }
    folder = tmp_path / "catalog"
    with own_service(folder, clean_environment, "", properties, catalog=CATALOG) as found:
        (folder / "work").write_text(WORK)
        (folder / "work").chmod(0o755)
        yield found


def call(service: OwnService, *words: str) -> tuple[int, str]:
    """Run `purveyor actions`; whatever it is, it tells no secret."""
    done = run_command(
        *("actions", *words),
        cwd=service.pipeline.catalog,
        env={
            **service.pipeline.environment,
            **service.emulator.environment(),
            "PURVEYOR_NRN": service.emulator.nrn,
        },
    )
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout


def show(service: OwnService, asked: JsonObject) -> Any:
    code, out = call(service, "show", action_id(asked), "--json")
    assert code == 0
    return json_text.parse(out)


def ask(service: OwnService, action: str, **parameters: Any) -> JsonObject:
    return service.emulator.request_action(service.id, action, parameters)


@pytest.mark.slow
def test_each_ending_of_a_run_is_listed_explained_and_followed(service: OwnService) -> None:
    made = ask(service, "create", mood="sunny", password=SECRET)
    assert service.pipeline.run(made, PURVEYOR_RUN_URL="https://ci.example/7").code == 0
    failed = ask(service, "update", mood="grumpy", password=SECRET)
    assert service.pipeline.run(failed).code == 15
    denied = ask(service, "update", mood="sunny")
    service.emulator.deny_action(action_id(denied))
    parked = ask(service, "delete")
    assert service.pipeline.run(parked).outcome["status"] == "parked"

    rows = [line.split("\t") for line in call(service, "list")[1].splitlines()]
    statuses = {row[6]: (row[1], row[3]) for row in rows}
    assert statuses == {
        action_id(made): ("success", "DONE"),
        action_id(failed): ("failed", show(service, failed)["reason"]),
        action_id(denied): ("withdrawn", "-"),
        action_id(parked): ("in_progress", "APPROVAL_AWAITED"),
    }
    page = show(service, made)
    assert page["run"] == "https://ci.example/7"
    assert page["parameters"] == {"mood": "sunny", "password": "***"}
    assert "is refused" in json_text.write(show(service, failed)["attempt"])
    assert show(service, failed)["next"]
    assert "denied or withdrawn" in show(service, denied)["why"]
    assert "purveyor approve" in show(service, parked)["next"]
    codes = [call(service, "follow", action_id(each))[0] for each in (made, failed, denied)]
    assert codes == [0, 15, 13]
