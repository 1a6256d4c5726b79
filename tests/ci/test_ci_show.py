"""What a person sees while an action goes on, and at its end."""

from __future__ import annotations

import dataclasses
import re

import pytest
from ci_fixtures import CLOCK, DONE, FAILED, SECRET, Stage
from ci_oracle import github_commands

from purveyor.durations import tell_duration
from purveyor.errors import ReasonCode
from purveyor.lock import Lock
from purveyor.plan import Change, Verb
from purveyor.step import LockAwaited, Noticed, PhaseStarted, ResourceMoved


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        (Verb.CREATE, ["+ terraform_data.queue  created  0.2 s"]),
        (Verb.UPDATE, ["~ terraform_data.queue  updated  0.2 s"]),
        (Verb.REPLACE, ["-/+ terraform_data.queue  replaced  0.2 s"]),
        (Verb.DELETE, ["- terraform_data.queue  deleted  0.2 s"]),
        (Verb.READ, []),
        (Verb.NOTHING, []),
    ],
)
def test_a_resource_that_moved_is_one_line(verb: Verb, line: list[str]) -> None:
    stage = Stage()
    stage.show(ResourceMoved("terraform_data.queue", verb, "started"))
    stage.now += 0.2
    stage.show(ResourceMoved("terraform_data.queue", verb, "ended"))
    assert stage.page.lines == line


def test_a_resource_that_failed_is_said_to_have_failed() -> None:
    stage = Stage()
    stage.move("a.b", "started")
    stage.move("a.b", "failed", 12)
    assert stage.page.lines == ["! a.b  failed  12 s"]


def test_what_was_done_before_a_failure_is_said_with_the_states_key() -> None:
    stage = Stage("terminal")
    changes = (Change("a.b", "a", Verb.DELETE), Change("a.c", "a", Verb.CREATE))
    stage.show.closing(dataclasses.replace(FAILED, changes=changes, state_key="services/s-1/x"))
    assert "  Done before it failed: 1 created, 1 deleted." in stage.page.lines
    assert "State: services/s-1/x" in stage.page.lines


def test_waiting_for_a_lock_is_said_at_once_and_then_every_ten_seconds() -> None:
    stage = Stage()
    holder = Lock(id="l-1", who="ci@host", operation="apply", created="2026-01-01T00:00Z")
    for seconds in range(25):
        stage.show(LockAwaited(holder, float(seconds)))
    assert [re.findall(r"; (\S+ s) so far", line) for line in stage.page.lines] == [
        ["0.0 s"],
        ["9.0 s"],
        ["18 s"],
    ]
    assert "ci@host" in stage.page.text
    assert "2026-01-01T00:00Z" in stage.page.text


def test_phases_and_notices_are_lines() -> None:
    stage = Stage()
    stage.show(PhaseStarted("plan"))
    stage.show(Noticed("info", "one\n::error::two"))
    stage.show(Noticed("error", "bad"))
    assert stage.page.lines == [f"> plan  {CLOCK}", "one", ": :error::two", "error: bad"]


def test_warnings_leave_room_for_the_ending_among_the_annotations() -> None:
    stage = Stage()
    for number in range(30):
        stage.show(Noticed("warning", f"w{number}"))
    stage.show.closing(FAILED)
    found = github_commands(stage.page.text)
    assert [each.name for each in found] == ["warning"] * 5 + ["error"]
    assert "warning: w29" in stage.page.lines


def test_a_secret_is_hidden_even_behind_escape_sequences() -> None:
    stage = Stage()
    stage.show(Noticed("info", f"a {SECRET} b"))
    stage.show(Noticed("warning", "hunter2\x1b[31m-hunter2"))
    stage.show(Noticed("info", "hun\u200bter2-hunter2"))
    stage.move(f"a[{SECRET}]", "started")
    stage.move(f"a[{SECRET}]", "ended")
    assert "hunter2" not in stage.page.text
    assert stage.page.text.count("***") == 4


def test_a_success_closes_with_what_was_done() -> None:
    stage = Stage()
    stage.show.closing(DONE, notes=["The platform has not heard it."])
    assert stage.page.lines == [
        "Created service orders (mysql): 1 created.",
        "::warning::The platform has not heard it.",
        "State: services/s-1/orders.tfstate",
        f"Took 2 min 5 s, until {CLOCK}.",
    ]


def test_a_failure_closes_with_why_and_what_next() -> None:
    stage = Stage("terminal")
    stage.show.closing(FAILED)
    assert stage.page.lines == [
        "error: STATE_LOCKED: The state is locked.",
        "  held by ci",
        "  since noon",
        "  Next: Wait for the other run.",
        f"Took 0.2 s, until {CLOCK}.",
    ]


def test_an_action_that_had_already_failed_is_no_error_of_this_run() -> None:
    stage = Stage()
    message = "The platform says that this action already ended (failed): nothing was run."
    stage.show.closing(
        dataclasses.replace(
            FAILED, reason=ReasonCode.NOTHING_TO_DO, message=message, exit_code=0, details=()
        )
    )
    assert stage.page.lines == [message, f"Took 0.2 s, until {CLOCK}."]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (3599.6, "1 h"),
        (3725, "1 h 2 min"),
    ],
)
def test_durations_are_told_in_words(seconds: float, words: str) -> None:
    assert tell_duration(seconds) == words
