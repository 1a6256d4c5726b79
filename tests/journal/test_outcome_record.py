"""An ending that is told again tells the same."""

from __future__ import annotations

import dataclasses

from purveyor.errors import ReasonCode
from purveyor.journal import keep_outcome, recall_outcome
from purveyor.journal.records import read_end, write_record
from purveyor.outcome import Outcome, Status
from purveyor.plan import Change, Verb


def test_what_was_done_before_a_failure_is_told_again() -> None:
    outcome = Outcome(
        Status.FAILED,
        ReasonCode.STATE_LOCKED,
        14,
        "The state is locked by ci@host.",
        next_step="Wait.",
        told="Another change is running.",
        changes=(Change("a.b", "a", Verb.DELETE), Change("a.c", "a", Verb.FORGET)),
        state_key="services/s-1/x.tfstate",
    )
    kept = read_end(write_record(keep_outcome(outcome, at=1.0)))
    assert recall_outcome(kept) == dataclasses.replace(outcome, exit_code=0)
