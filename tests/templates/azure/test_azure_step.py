"""The Azure step runs under Microsoft's task library: text stays text, hazards are explained."""

from __future__ import annotations

import errno
import signal
import time
from typing import TYPE_CHECKING

import pytest
from template_fixtures import HOSTILE, NASTY, ROOT, kept_text, wire_text

from pipeline import action_id

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - a type only
    from pathlib import Path

    from agent import Agent

    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PAGE = ROOT / "docs" / "how-to" / "run-on-azure.md"
SLOW = """
resource "terraform_data" "slow" {
  depends_on = [terraform_data.note]
  provisioner "local-exec" { command = "touch STARTED; sleep 4" }
}
"""
LOOK = """
resource "terraform_data" "look" {
  provisioner "local-exec" { command = "printf %s \\"$SYSTEM_ACCESSTOKEN\\" >SEEN" }
}
"""


def finish(job: subprocess.Popen[str]) -> tuple[int, str]:
    log, _ = job.communicate(timeout=60)
    return job.returncode, log


def made_note(emulator: Emulator) -> str:
    return str(emulator.create_service("note", name="a-note")["id"])


def test_a_note_is_created_updated_refused_and_deleted(
    agent: Agent, emulator: Emulator, catalog: Path
) -> None:
    note = made_note(emulator)
    for action, text in [
        ("create", "first"),
        ("update", "second"),
        ("update", "refuse me"),
        ("delete", None),
    ]:
        asked = emulator.request_action(note, action, {"text": text} if text else None)
        code, log = finish(agent.start(CONTEXT=wire_text(asked)))
        refused = text == "refuse me"
        assert (code != 0) == refused, log
        assert emulator.action(action_id(asked))["status"] == ("failed" if refused else "success")
        if text:
            assert kept_text(catalog) == ("second" if refused else text)
            assert "##vso[task.setvariable variable=status;isOutput=true]" in log
    assert not list(catalog.rglob("*.tfstate"))


@pytest.mark.parametrize("name", ["nasty", "60 kB"])
def test_hostile_text_reaches_the_module_unchanged(
    agent: Agent, emulator: Emulator, catalog: Path, name: str
) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": HOSTILE[name]})
    code, log = finish(agent.start(CONTEXT=wire_text(asked, escaped=True)))
    assert code == 0, log
    assert kept_text(catalog) == HOSTILE[name]
    assert not list(agent.workspace.rglob("pwned"))
    assert "##vso[task.setvariable variable=PATH]" not in log


def test_a_variable_that_names_a_secret_vanishes_and_the_log_says_why(
    agent: Agent, emulator: Emulator
) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": NASTY})
    code, log = finish(agent.start(CONTEXT=wire_text(asked)))
    assert code == 10
    assert "It holds a macro of a secret" in log or "it holds a macro of a secret" in log
    assert r"\u0024" in log
    assert "made-up-token" not in log


def test_a_macro_that_was_left_is_explained(agent: Agent) -> None:
    code, log = finish(agent.start(CONTEXT="$(CONTEXT)"))
    assert code == 10
    assert "Azure left the variable unreplaced" in log


@pytest.mark.parametrize(("given", "seen"), [("", ""), ("$(System.AccessToken)", "made-up-token")])
def test_the_jobs_own_token_is_there_only_where_the_pipeline_hands_it_over(
    agent: Agent, emulator: Emulator, catalog: Path, given: str, seen: str
) -> None:
    file = agent.workspace / "seen"
    (catalog / "modules" / "note" / "look.tf").write_text(LOOK.replace("SEEN", str(file)))
    agent.parameters["access-token"] = given
    asked = emulator.request_action(made_note(emulator), "create", {"text": "x"})
    code, log = finish(agent.start(CONTEXT=wire_text(asked)))
    assert code == 0, log
    assert file.read_text() == seen
    assert "made-up-token" not in log


def test_more_than_128_kib_cannot_be_started_and_the_page_says_so(
    agent: Agent, emulator: Emulator
) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": HOSTILE["200 kB"]})
    with pytest.raises(OSError, match="Argument list too long") as caught:
        agent.start(CONTEXT=wire_text(asked, escaped=True))
    assert caught.value.errno == errno.E2BIG
    assert "Argument list too long" in PAGE.read_text()


def test_a_cancelled_step_stops_terraform_in_peace(
    agent: Agent, emulator: Emulator, catalog: Path
) -> None:
    started = agent.workspace / "started"
    slow = SLOW.replace("STARTED", str(started))
    (catalog / "modules" / "note" / "slow.tf").write_text(slow)
    asked = emulator.request_action(made_note(emulator), "create", {"text": "x"})
    job = agent.start(CONTEXT=wire_text(asked))
    end = time.monotonic() + 30
    while not started.exists():
        if job.poll() is not None or time.monotonic() > end:
            job.kill()
            pytest.fail(f"the engine did not begin: {finish(job)}")
        time.sleep(0.05)
    job.send_signal(signal.SIGINT)
    code, log = finish(job)
    assert code != 0, log
    assert emulator.action(action_id(asked))["status"] in {"failed", "cancelled"}, log
    (state,) = catalog.rglob("*.tfstate")
    assert "terraform_data" in state.read_text()
    assert not list(catalog.rglob("*.lock.info"))
