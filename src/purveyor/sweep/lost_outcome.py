"""From a journal's record back to what the platform is asked and told about."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.journal import keep_outcome
from purveyor.outcome import fail

if TYPE_CHECKING:
    from purveyor.journal import Begin, End
    from purveyor.sweep.liveness import Judged

_AGAIN = (
    "Look at its log, then start that very CI run again: it continues with what the state has kept."
)
_LOOK_FIRST = (
    "It was changing things, and the state may not know all that exists: ask the platform team to"
    " compare the two, and then to run `purveyor state settle {begin.kind}/{begin.entity} --reason"
    " TEXT`."
)


def recall_context(begin: Begin) -> ActionContext:
    """Return as much of the action as the journal keeps: enough to ask and to tell the platform."""
    specification = Specification(begin.specification, "")
    kind = Kind(begin.kind)
    entity = Entity(kind, begin.entity, begin.slug, specification)
    service = Entity(Kind.SERVICE, begin.service, "", Specification("", ""))
    return ActionContext(
        id=begin.action,
        operation=Operation(begin.operation),
        specification=Specification(begin.action_specification, ""),
        service=entity if kind is Kind.SERVICE else service,
        link=entity if kind is Kind.LINK else None,
        digest=begin.digest,
    )


def end_lost(judged: Judged, *, at: float, changing: bool) -> End:
    """Return the end of an attempt whose runner died; `changing` when its marker still stands."""
    begin, beat = judged.attempted.begin, judged.attempted.beat
    phase = f" in phase {beat.phase}" if beat and beat.phase else ""
    error = RecoveryError(
        f"The run that carried this action out ended{phase} without saying how.",
        reason=ReasonCode.RUNNER_LOST,
        hint=_LOOK_FIRST.format(begin=begin) if changing else _AGAIN,
        details=(
            f"attempt {begin.attempt}, {begin.identity.ci} says: {judged.run.conclusion}",
            f"last sign of life {judged.quiet:.0f} s before this was noticed",
        ),
    )
    outcome = dataclasses.replace(
        fail(error),
        state_key=begin.state_key,
        run_url=begin.identity.url,
        seconds=max(0.0, judged.attempted.last_sign - begin.at),
    )
    return keep_outcome(outcome, at=at)
