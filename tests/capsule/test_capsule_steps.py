"""A capsule of several steps is read as it was written; one of an earlier release has one step."""

from __future__ import annotations

import dataclasses

from purveyor import json_text
from purveyor.journal import Capsule, Secrets
from purveyor.journal.capsule import read_capsule, write_capsule
from purveyor.state_key import OutputValue

SEED = Capsule(kind="service", entity="s-1", service="s-1", at=1.0, step="seed", engine="command")
REPORT = Capsule(kind="service", entity="s-1", service="s-1", at=1.0, step="report", lineage="l")
WHOLE = Capsule(
    kind="service", entity="s-1", service="s-1", at=1.0, step="database", steps=(SEED, REPORT)
)


def test_steps_are_read_as_they_were_written() -> None:
    assert read_capsule(write_capsule(WHOLE)) == WHOLE


def test_the_first_step_has_no_name_and_others_are_found_by_theirs() -> None:
    assert WHOLE.of_step("") is WHOLE
    assert WHOLE.of_step("report") == REPORT
    assert WHOLE.of_step("other") is None


def test_a_capsule_of_an_earlier_release_is_one_step() -> None:
    text = json_text.write({"kind": "service", "entity": "s-1", "service": "s-1", "at": 1.0})
    capsule = read_capsule(text)
    assert (capsule.step, capsule.steps, capsule.of_step("")) == ("", (), capsule)


def test_secrets_are_told_apart_by_their_step() -> None:
    kept = Secrets({"password": "a", "report/password": "b"}, {"report/token": "c"})
    assert kept.of_step("") == Secrets({"password": "a"}, {})
    assert kept.of_step("report") == Secrets({"password": "b"}, {"token": "c"})


def test_what_a_step_without_a_state_gave_is_read_as_it_was_written() -> None:
    given = dataclasses.replace(SEED, given={"user": "ada"}, given_secrets=("token",))
    whole = dataclasses.replace(given, steps=(REPORT,))
    assert read_capsule(write_capsule(whole)) == whole
    assert whole.of_step("seed") is whole
    kept = Secrets(given={"seed/token": "t", "report/key": "k"})
    assert whole.read_given(kept.of_step("seed")) == {
        "user": OutputValue("ada"),
        "token": OutputValue("t", sensitive=True),
    }


def test_a_capsule_has_secrets_when_one_of_its_steps_has() -> None:
    assert not WHOLE.has_secrets
    secret = dataclasses.replace(REPORT, given_secrets=("token",))
    assert dataclasses.replace(WHOLE, steps=(SEED, secret)).has_secrets
