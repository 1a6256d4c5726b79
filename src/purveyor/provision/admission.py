"""Whether an action may be carried out: by what the platform shows, or else by what we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.errors import GuardError, PlatformError, ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.reporter.model import FINISHED, OPEN, UNAPPROVED

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.attempt import EntityRecord
    from purveyor.errors import PurveyorError
    from purveyor.reporter import ActionSnapshot, Reporter

_SHOWN = 40
_MOST_NAMED = 20
# A link in these is not there, unless the journal has seen it built.
_DOUBTFUL = frozenset({"failed", "pending", "pending_create", "cancelled"})


def turn_away(
    context: ActionContext, snapshot: ActionSnapshot, fault: PurveyorError | None = None
) -> Outcome | None:
    """Return the ending of an action that is not to be carried out, which nobody need be told.

    None for one that may be. Raise the CONTEXT's `fault` unless the action has ended, the
    standing's refusal, and STATUS_UNKNOWN for a status that we do not know: then nothing is done,
    since it may mean anything.
    """
    status = snapshot.action_status
    # An id that a faulty CONTEXT only seems to have may well be unknown.
    if fault is not None and status not in FINISHED:
        raise fault
    if snapshot.refusal is not None:
        raise snapshot.refusal
    if status is None:
        status = context.status or "pending"
    if status in OPEN:
        return None
    if status in UNAPPROVED:
        return Outcome(
            status=Status.FAILED,
            reason=ReasonCode.NOT_APPROVED,
            exit_code=0,
            message=f"{UNAPPROVED[status]} Nothing was done.",
        )
    if status in FINISHED:
        return Outcome(
            status=Status.SUCCESS if status == "success" else Status.FAILED,
            reason=ReasonCode.NOTHING_TO_DO,
            exit_code=0,
            message="The platform says that this action already ended"
            f" ({status}): nothing was run.",
        )
    raise PlatformError(
        f"The platform shows this action as {status[:_SHOWN]!r}, a status that this version of"
        " Purveyor does not know: nothing was done.",
        reason=ReasonCode.STATUS_UNKNOWN,
        hint="Look whether a newer version of Purveyor knows it.",
    )


def refuse_linked(context: ActionContext, reporter: Reporter, record: EntityRecord) -> None:
    """Raise GuardError LINKS_REMAIN when a service that is to be deleted has live links.

    The platform is asked; where it cannot be, the journal's notes of built links decide. A link
    that the platform calls failed or pending counts when the journal has seen it built.
    """
    if context.kind is not Kind.SERVICE or context.operation is not Operation.DELETE:
        return
    shown = reporter.read_links(context)
    doubtful = shown is None or any(each.status in _DOUBTFUL for each in shown)
    built = record.store.built_links(context.service.id) if record.store and doubtful else ()
    if shown is None:
        remaining = [f"link {each}, by the journal" for each in built]
    else:
        remaining = [
            f"link {each.slug or each.id} ({each.id}), {each.status}"
            for each in shown
            if each.status not in _DOUBTFUL or each.id in built
        ]
    if not remaining:
        return
    count = "1 link" if len(remaining) == 1 else f"{len(remaining)} links"
    raise GuardError(
        f"The service {context.service.slug or context.service.id} still has {count}: nothing was"
        " deleted.",
        reason=ReasonCode.LINKS_REMAIN,
        details=remaining[:_MOST_NAMED],
        hint="Delete the links first, then the service.",
    )
