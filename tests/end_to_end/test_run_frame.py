"""From the moment an action's id is known, whatever goes wrong is told to the platform."""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import action_id
from purveyor import json_text, process
from purveyor.cli import finish, main, wiring
from purveyor.cli.run import run as run_command
from purveyor.errors import CredentialsError, EngineError
from purveyor.process import Completed
from purveyor.provision import checks

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor.process import Command
    from purveyor_emulator import Emulator

LONG = "s" * 256


def break_down(*_: object) -> None:
    raise ZeroDivisionError


@pytest.fixture
def asked(
    emulator: Emulator, catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> JsonObject:
    """Return a notification that lies in `context.json`, in an environment of its own."""
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    notification = emulator.request_action(service, "create", {"queue_name": "orders"})
    environ = {
        **emulator.environment(),
        "PURVEYOR_CATALOG": str(catalog),
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
        "PURVEYOR_CONTEXT": str(tmp_path / "context.json"),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "context.json").write_text(json_text.write(notification))
    return notification


def run(*options: str) -> tuple[int, str]:
    """Run in this process."""
    printed = io.StringIO()
    with pytest.raises(SystemExit) as caught, contextlib.redirect_stdout(printed):
        run_command.main(["--json", *options], standalone_mode=False)
    outcome = json_text.parse(printed.getvalue())
    assert isinstance(outcome, dict)
    return int(str(caught.value.code)), str(outcome["reason"])


def shown(emulator: Emulator, notification: JsonObject) -> tuple[object, str]:
    action = emulator.action(action_id(notification))
    return action["status"], str(action["messages"])


@pytest.mark.parametrize("place", ["resolve", "open_places", "_open_run"])
def test_a_fault_of_our_own_before_the_claim_is_told(
    place: str, asked: JsonObject, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, place, break_down)
    with pytest.raises(ZeroDivisionError):
        run()
    status, messages = shown(emulator, asked)
    assert status == "failed"
    assert "INTERNAL" in messages


def test_a_fault_of_our_own_in_finish_is_told(
    asked: JsonObject, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "open_places", break_down)
    with pytest.raises(ZeroDivisionError):
        finish.finish.main([], standalone_mode=False)
    status, messages = shown(emulator, asked)
    assert status == "failed"
    assert "INTERNAL" in messages


def finished() -> int:
    """Finish in this process; return the exit code."""
    with pytest.raises(SystemExit) as caught:
        finish.finish.main([], standalone_mode=False)
    return int(str(caught.value.code))


@pytest.mark.parametrize("wish", ["park_action", "deny_action"])
def test_finish_leaves_alone_what_is_not_approved(
    wish: str, asked: JsonObject, emulator: Emulator
) -> None:
    getattr(emulator, wish)(action_id(asked))
    assert run() == (0, "NOT_APPROVED")
    assert finished() == 0
    assert emulator.requests(method="PATCH") == []


def test_finish_without_a_key_in_a_ci_says_so(
    asked: JsonObject, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("NULLPLATFORM_API_KEY", "")
    with pytest.raises(CredentialsError, match="no credentials"):
        finish.finish.main([], standalone_mode=False)
    assert shown(emulator, asked)[0] == "pending"


def test_a_run_that_ended_before_its_action_was_withdrawn_is_settled(
    asked: JsonObject, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(*_: object, **__: object) -> None:
        emulator.deny_action(action_id(asked))
        raise CredentialsError("The account does not answer.", hint="Look at it.")

    monkeypatch.setattr(checks, "_find_state", vanish)
    assert run() == (16, "CREDENTIALS_INVALID")
    assert finished() == 0


@pytest.mark.parametrize("end", ["run", "finish"])
def test_a_context_that_cannot_be_read_strictly_is_told_by_its_ids(
    end: str, asked: JsonObject, emulator: Emulator, tmp_path: Path
) -> None:
    inner = asked["notification"]
    assert isinstance(inner, dict)
    inner["parameters"] = {"queue_name": "HERE"}
    text = json_text.write(asked).replace('"HERE"', "NaN")
    (tmp_path / "context.json").write_text(text)
    if end == "run":
        assert run() == (10, "CONTEXT_INVALID")
    else:
        assert finished() == 0
    assert shown(emulator, asked)[0] == "failed"


@pytest.mark.parametrize("kind", ["service", "link"])
def test_a_slug_that_is_too_long_for_a_folder_has_no_module(
    kind: str, asked: JsonObject, tmp_path: Path
) -> None:
    inner = asked["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    long: JsonObject = {"id": "e1", "slug": "e1", "specification": {"slug": LONG}}
    inner[kind] = {**inner["service"], **long} if kind == "service" else long
    (tmp_path / "context.json").write_text(json_text.write(asked))
    assert run()[0] == 0, "the platform has no such entity"
    assert run_unreported() == (11, "MODULE_NOT_FOUND")


def run_unreported() -> tuple[int, str]:
    """Run in this process, without the platform."""
    return run("--no-report")


@pytest.mark.usefixtures("asked")
def test_few_frames_of_ours_lie_between_the_entry_and_the_engines_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, found = process.run, list[str]()

    def note(command: Command, **how: Any) -> Completed:
        if "apply" in command.argv:
            stack = inspect.stack(context=0)[1:]
            found.extend(each.function for each in stack if "/src/purveyor/" in each.filename)
            raise EngineError("Seen.", hint="Count.")
        return start(command, **how) if "version" in command.argv else Completed(0, "", "")

    monkeypatch.setattr(process, "run", note)
    monkeypatch.setattr(sys, "argv", ["purveyor", "run"])
    with pytest.raises(SystemExit):
        main()
    assert found[::-1] == [
        *("main", "run", "provision", "carry_out"),
        *("run", "apply", "change_locked", "call"),
    ]
