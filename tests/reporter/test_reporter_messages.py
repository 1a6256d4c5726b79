"""Messages are few, short and without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reporter_fixtures import broke, set_stage

if TYPE_CHECKING:
    from purveyor_emulator import Emulator


def test_messages_are_batched_and_warnings_go_at_once(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        for number in range(3):
            reporter.say(stage.context, "info", f"step {number}")
        assert stage.sent() == []
        reporter.say(stage.context, "warning", "waiting for a lock")
    assert stage.texts() == ["step 0", "step 1", "step 2", "waiting for a lock"]
    assert len(stage.sent()) == 1


def test_at_most_fifty_messages_are_sent_and_the_ending_is_among_them(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        for number in range(120):
            reporter.say(stage.context, "warn" if number % 10 == 0 else "info", f"step {number}")
        reporter.end(stage.context, broke(*["x" * 900] * 40))
    assert len(stage.texts()) <= 50
    assert "85 more messages are in the run's log." in stage.texts()
    assert "The quota of databases is used up." in stage.texts()
    assert stage.texts()[-1].startswith("Reason: PARAMETER_INVALID")


def test_no_message_holds_a_secret_or_is_long(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    stage.redactor.add("hunter2-hunter2")
    with stage.reporter() as reporter:
        reporter.say(stage.context, "shout", "\x1b[31mred\x1b[0m hunter2-\x1b[1mhunter2 \x00bell")
        reporter.end(stage.context, broke("y" * 993 + "hunter2-hunter2" + "z" * 100))
    assert stage.texts()[0] == "red *** bell"
    assert all(len(text) <= 1000 for text in stage.texts())
    assert "hunter2" not in str(emulator.requests())
