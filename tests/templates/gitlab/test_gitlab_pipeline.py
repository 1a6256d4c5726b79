"""The GitLab example runs as it is printed: what was asked happens, and text stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import action_id
from template_bench import EXPANDED, HOSTILE, kept_text, wire_text

if TYPE_CHECKING:
    from conftest import Project
    from purveyor.emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def made_note(emulator: Emulator) -> str:
    return str(emulator.create_service("note", name="a-note")["id"])


def test_a_note_is_created_updated_refused_and_deleted(
    project: Project, emulator: Emulator
) -> None:
    note = made_note(emulator)
    for action, text, code in [
        ("create", "first", 0),
        ("update", "second", 0),
        ("update", "refuse me", 15),
        ("delete", None, 0),
    ]:
        asked = emulator.request_action(note, action, {"text": text} if text else None)
        job = project.run(context=wire_text(asked))
        assert job.code == (1 if code else 0), job.log
        status = emulator.action(action_id(asked))["status"]
        assert status == ("failed" if code else "success"), job.log
        if action != "delete":
            assert kept_text(project.folder) == ("second" if code else text)
    assert emulator.entity("service", note)["status"] == "deleted"
    assert not list(project.folder.rglob("*.tfstate"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_reaches_the_module_unchanged_by_input(
    project: Project, emulator: Emulator, name: str
) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": HOSTILE[name]})
    job = project.run(context=wire_text(asked))
    assert job.code == 0, job.log
    assert kept_text(project.folder) == HOSTILE[name]
    assert not list(project.folder.parent.rglob("pwned"))
