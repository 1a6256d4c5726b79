"""What a person sees while an action goes on, and at its end."""

from __future__ import annotations

import dataclasses
import re

import pytest
from ci_oracle import Page, github_commands
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.ci import Show
from purveyor.ci.durations import tell_duration
from purveyor.errors import ReasonCode
from purveyor.lock import Lock
from purveyor.outcome import Outcome, Status
from purveyor.plan import Change, Verb
from purveyor.redaction import Redactor
from purveyor.step import LockAwaited, Noticed, PhaseStarted, ResourceMoved

SECRET = "hunter2-hunter2"
CONTEXT = ActionContext(
    id="a-1",
    slug="create-mysql",
    name="Create MySQL",
    operation=Operation.CREATE,
    status="pending",
    specification=Specification("as-1", "create"),
    service=Entity(Kind.SERVICE, "s-1", "orders|db", Specification("sp-1", "mysql")),
    link=None,
    parameters={},
    tags={},
    entity_nrn=None,
    requested_by=None,
    digest="0" * 64,
)
DONE = Outcome(
    status=Status.SUCCESS,
    reason=ReasonCode.DONE,
    exit_code=0,
    message="Created service orders (mysql): 1 created.",
    results={"endpoint": "db.example.com", "port": 3306},
    secrets={"password": SECRET},
    changes=(Change("aws_db_instance.main", "aws_db_instance", Verb.CREATE),),
    state_key="services/s-1/orders.tfstate",
    seconds=125,
)
FAILED = Outcome(
    status=Status.FAILED,
    reason=ReasonCode.STATE_LOCKED,
    exit_code=14,
    message="The state is locked.",
    next_step="Wait for the other run.",
    details=("held by ci", "since noon"),
    seconds=0.25,
)


class Stage:
    """A show with a clock that stands still until it is moved."""

    def __init__(self, vendor: str = "github") -> None:
        self.page = Page(vendor)
        self.now = 1000.0
        self.show = Show(self.page.ci, Redactor([SECRET]), clock=lambda: self.now)

    def move(self, address: str, stage: str, seconds: float = 0.0) -> None:
        self.show(ResourceMoved(address, Verb.CREATE, stage, seconds))


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


def test_what_goes_on_is_said_together_and_every_ten_seconds() -> None:
    stage = Stage()
    for name in "abcdef":
        stage.move(name, "started")
    for tick in (1, 2, 3):
        stage.now += 10
        for name in "abcdef":
            stage.move(name, "running", 10.0 * tick)
    assert stage.page.lines == [
        f". going on: a {n} s, b {n} s, c {n} s, d {n} s and 2 more" for n in (10, 20, 30)
    ]


def test_what_has_ended_no_longer_goes_on() -> None:
    stage = Stage()
    stage.move("a", "started")
    stage.move("b", "started")
    stage.move("a", "ended", 9.95)
    stage.now += 10
    stage.move("b", "running", 10)
    assert stage.page.lines[-1] == ". going on: b 10 s"


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
    assert stage.page.lines == ["> plan", "one", ": :error::two", "error: bad"]


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
        "Took 2 min 5 s.",
    ]


def test_a_failure_closes_with_why_and_what_next() -> None:
    stage = Stage("terminal")
    stage.show.closing(FAILED)
    assert stage.page.lines == [
        "error: STATE_LOCKED: The state is locked.",
        "  held by ci",
        "  since noon",
        "  Next: Wait for the other run.",
        "Took 0.2 s.",
    ]


def test_an_action_that_had_already_failed_is_no_error_of_this_run() -> None:
    stage = Stage()
    message = "The platform says that this action already ended (failed): nothing was run."
    stage.show.closing(
        dataclasses.replace(
            FAILED, reason=ReasonCode.NOTHING_TO_DO, message=message, exit_code=0, details=()
        )
    )
    assert stage.page.lines == [message, "Took 0.2 s."]


def test_the_summary_of_a_success_tells_changes_and_public_results() -> None:
    page = Stage().show.summary(CONTEXT, DONE)
    assert page.startswith("### Created service orders &#40;mysql&#41;&#58; 1 created.\n")
    assert "| &#43; create | aws&#95;db&#95;instance.main |" in page
    assert "| endpoint | db.example.com |\n| port | 3306 |" in page
    assert "| Service | orders&#124;db &#40;s-1&#41; |" in page
    assert "| State | services/s-1/orders.tfstate |" in page
    assert "| Duration | 2 min 5 s |" in page
    assert "password" not in page
    assert SECRET not in page


def test_the_summary_of_a_custom_action_names_its_results_without_values() -> None:
    custom = dataclasses.replace(CONTEXT, operation=Operation.CUSTOM)
    page = Stage().show.summary(custom, dataclasses.replace(DONE, private=True))
    assert "| port | given to the platform |" in page
    assert "3306" not in page
    assert "db.example.com" not in page


def test_the_summary_of_a_failure_tells_the_next_step() -> None:
    page = Stage().show.summary(CONTEXT, FAILED)
    assert "| Ending | failed (STATE&#95;LOCKED) |" in page
    assert "| Next step | Wait for the other run. |" in page
    assert "- held by ci\n- since noon" in page


def test_a_long_result_is_cut_and_many_changes_are_counted() -> None:
    changes = tuple(Change(f"a.b{n}", "a", Verb.DELETE) for n in range(130))
    outcome = Outcome(
        **{
            **{name: getattr(DONE, name) for name in Outcome.__slots__},
            "changes": changes,
            "results": {"long": "x" * 290 + SECRET},
        }
    )
    page = Stage().show.summary(CONTEXT, outcome)
    assert page.count("| &#45; delete |") == 100
    assert "and 30 more" in page
    assert "hunter" not in page
    assert "x" * 290 in page


@settings(deadline=None)  # a busy machine is no fault
@given(text=st.text() | st.lists(st.sampled_from(list("|`<>![](){}*_#\n\r@:/ah-."))).map("".join))
def test_foreign_text_in_a_summary_has_no_structure(text: str) -> None:
    outcome = Outcome(
        status=Status.FAILED,
        reason=ReasonCode.ENGINE_FAILED,
        exit_code=15,
        message=text,
        next_step=text or "x",
        details=(text,),
        results={text: text},
    )
    page = Stage().show.summary(CONTEXT, outcome)
    empty = Stage().show.summary(
        CONTEXT,
        Outcome(
            status=Status.FAILED,
            reason=ReasonCode.ENGINE_FAILED,
            exit_code=15,
            message="",
            next_step="x",
            details=("",),
            results={"": ""},
        ),
    )
    assert page.count("\n") == empty.count("\n")
    plain = re.sub(r"&#\d+;", "", page)
    assert not set(plain) & set("`<>![]{}*_@")
    assert plain.count("|") == empty.count("|")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (3725, "1 h 2 min"),
    ],
)
def test_durations_are_told_in_words(seconds: float, words: str) -> None:
    assert tell_duration(seconds) == words
