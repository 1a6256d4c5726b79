"""The developer on the platform reads what happened and what to do, and nothing of the house."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reporter_fixtures import set_stage

import purveyor
from purveyor.errors import ReasonCode, StateLockedError
from purveyor.lock import Lock, tell_start
from purveyor.outcome import Outcome, Status, fail
from purveyor.plan import Change, Verb
from purveyor.reporter.messages import ASKED, tell_ending, tell_failure

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

SOURCES = sorted(Path(purveyor.__file__).parent.rglob("*.py"))
# No failure, or one that is told to nobody.
SILENT = {
    ReasonCode.DONE,
    ReasonCode.NOTHING_TO_DO,
    ReasonCode.NOT_APPROVED,
    ReasonCode.RUNNING_ELSEWHERE,
}
FAILURES = [each for each in ReasonCode if each not in SILENT]
HOUSE = re.compile(
    r"`|purveyor|catalog|backend|bucket|journal|capsule|\.tf\b|\.yaml|tfstate|lock\b|runner|host"
    r"|services/|links/|/tmp|/home|~/|\$|[A-Z]+_[A-Z_]+|[0-9a-f]{8}-[0-9a-f]{4}|\d\.\d{4,}",
    re.IGNORECASE,
)
HOUSEHOLD = "ci@runner-7f3a, since 2026-11-30T03:06:12.123456789Z, lock 6f1c2b3a-0000-4000-80ab"


def failure(reason: ReasonCode) -> Outcome:
    return Outcome(
        Status.FAILED,
        reason,
        15,
        f"The state services/5a1f/orders.tfstate is locked by {HOUSEHOLD}.",
        next_step="Run `purveyor state unlock 5a1f --lock-id 6f1c2b3a` on host-1 in /home/runner.",
        details=("looked for services/5a1f/orders.tfstate", HOUSEHOLD),
        state_key="services/5a1f/orders.tfstate",
    )


@pytest.mark.parametrize("reason", [each for each in FAILURES if each not in ASKED])
@pytest.mark.parametrize("what", ["service", "link"])
def test_a_failure_is_told_to_the_developer_without_the_house(
    reason: ReasonCode, what: str
) -> None:
    said, details, step = tell_failure(failure(reason), what)
    assert said
    assert step.endswith(".")
    assert details == ()
    own = failure(reason).message
    assert not HOUSE.search(f"{said.replace(own, '')} {step}")
    assert "{" not in f"{said} {step}"


def test_of_few_reasons_the_own_sentence_is_passed_on() -> None:
    own = {each for each in FAILURES if tell_failure(failure(each), "service")[0].endswith("ab.")}
    sentences = {ReasonCode.ENGINE_FAILED, ReasonCode.RUN_NOT_STARTED, ReasonCode.RETAINED}
    assert own == {*ASKED, *sentences}


def calls() -> list[ast.Call]:
    trees = (ast.parse(path.read_text()) for path in SOURCES)
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def words_of(node: ast.expr) -> str:
    texts = (each.value for each in ast.walk(node) if isinstance(each, ast.Constant))
    return " ".join(text for text in texts if isinstance(text, str))


def test_what_errors_say_to_the_developer_is_free_of_the_house() -> None:
    told = [word.value for call in calls() for word in call.keywords if word.arg == "told"]
    written = [words_of(each) for each in told if words_of(each)]
    assert len(written) >= 2
    assert [text for text in written if HOUSE.search(text)] == []


def test_what_is_passed_on_as_it_is_names_no_command_and_no_path() -> None:
    asked = [
        call
        for call in calls()
        if (isinstance(call.func, ast.Name) and call.func.id == "ParameterError")
        or any(word.arg == "reason" and "LINKS_REMAIN" in ast.dump(word) for word in call.keywords)
    ]
    assert len(asked) >= 3
    words = [words_of(each) for each in asked]
    assert [text for text in words if re.search(r"`purveyor|\.tfstate|/", text)] == []


def test_a_held_lock_is_told_by_its_time_of_day_alone() -> None:
    error = StateLockedError(
        f"The state is locked by {HOUSEHOLD}.",
        hint="`purveyor state unlock`",
        told=f"Another change of this service is running{tell_start(Lock('l', created=NOON))}.",
    )
    texts = [text for _, text in tell_ending(fail(error), "service")]
    assert texts == [
        "Another change of this service is running since 12:00 UTC on 1 January 2026.",
        "Next step: Try again later, when it has ended.",
        "Reason: STATE_LOCKED",
    ]


NOON = "2026-01-01T12:00:00.123456Z"


def test_what_was_done_before_a_failure_is_told_in_one_sentence(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    outcome = Outcome(
        Status.FAILED,
        ReasonCode.ENGINE_FAILED,
        15,
        "The apply failed at terraform_data.a: it broke.",
        changes=(Change("a.b", "a", Verb.DELETE),),
        state_key="services/5a1f/orders.tfstate",
    )
    with stage.reporter() as reporter:
        reporter.end(stage.context, outcome)
    assert stage.texts()[0] == (
        "The apply failed at terraform_data.a: it broke. 1 deleted before it failed."
    )
    assert "tfstate" not in str(stage.action()["messages"])


def test_outputs_that_no_specification_knows_are_for_the_log_alone(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    outcome = Outcome(
        Status.SUCCESS,
        ReasonCode.DONE,
        0,
        "Created service orders: 3 created.",
        results={"hostname": "db", "s3_bucket_arn": "arn:x", "s3_bucket_id": "y"},
        details=("The output 'password' is sensitive and was withheld.",),
    )
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, outcome)
    assert stage.texts() == ["Created service orders: 3 created."]
    assert sum("s3_bucket_arn" in note for note in delivery.notes) == 1
