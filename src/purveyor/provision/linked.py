"""A service that still has links is not destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.errors import GuardError, ReasonCode

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.attempt import EntityRecord
    from purveyor.reporter import Reporter

_MOST_NAMED = 20
# A link in these is not there, unless the journal has seen it built.
_DOUBTFUL = frozenset({"failed", "pending", "pending_create", "cancelled"})


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
