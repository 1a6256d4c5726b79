"""What an engine would change or has changed, and the guard that judges it."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    Covers: TypeAlias = "Callable[[str, Change], bool]"


class Verb(StrEnum):
    """What happens to one resource; what is forgotten exists, and is no longer in the state."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    NOTHING = "nothing"
    IMPORT = "import"
    MOVE = "move"
    FORGET = "forget"
    UNKNOWN = "unknown"


COUNTED = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.REPLACE: "replaced",
    Verb.DELETE: "deleted",
    Verb.IMPORT: "imported",
    Verb.MOVE: "moved",
    Verb.FORGET: "no longer managed",
}
SIGNS = {
    **dict.fromkeys(COUNTED, "."),
    Verb.CREATE: "+",
    Verb.UPDATE: "~",
    Verb.REPLACE: "-/+",
    Verb.DELETE: "-",
}
STATE_ONLY = frozenset({Verb.IMPORT, Verb.MOVE, Verb.FORGET})
_DENIED = frozenset({Verb.DELETE, Verb.REPLACE, Verb.FORGET})
_LEFTOVER = "leftover deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's change. `forced_by` names the attributes that force a replacement.

    `deposed` is what an earlier replacement has left over at the address, not the resource itself.
    """

    address: str
    resource_type: str
    verb: Verb
    forced_by: tuple[str, ...] = ()
    deposed: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """What an update must not delete, replace or let go of, by patterns that its engine reads."""

    protect: tuple[str, ...] = ()


def find_denied(guard: Guard, changes: Iterable[Change], covers: Covers) -> tuple[Change, ...]:
    """Return the changes that the guard does not allow; `covers` reads an engine's pattern."""
    return tuple(
        change
        for change in changes
        if change.verb in _DENIED
        and not change.deposed
        and any(covers(pattern, change) for pattern in guard.protect)
    )


def judge(
    guard: Guard, changes: Iterable[Change], covers: Covers, unread: Sequence[str] = ()
) -> None:
    """Raise GuardError for protected resources that are denied, and for what is `unread`."""
    denied = find_denied(guard, changes, covers)
    if guard.protect and unread and not denied:
        raise GuardError(
            "The plan holds what Purveyor cannot read, which may harm what the catalog protects;"
            " nothing was changed.",
            details=unread,
            hint="Ask the platform team to lift the guard in the catalog for this change.",
        )
    if not denied:
        return
    first, *others = denied
    more = f" and {len(others)} more" if others else ""
    raise GuardError(
        f"The change would {first.verb} {first.address}{more}, which the catalog protects;"
        " nothing was changed.",
        details=[_tell(change) for change in denied],
        told=f"{_tell(first)}{more}, but is protected: it was left as it is.",
        hint="Undo the parameter that forces it, or ask the platform team to carry out the change"
        " with the guard lifted in the catalog.",
    )


def _tell(change: Change) -> str:
    forced = f", forced by {', '.join(change.forced_by)}" if change.forced_by else ""
    return f"{change.address} would be {COUNTED[change.verb]}{forced}"


def count_changes(changes: Sequence[Change]) -> str:
    """Say `2 created, 1 replaced`, or that nothing had to change."""
    counted = Counter(_LEFTOVER if c.deposed else COUNTED.get(c.verb) for c in changes)
    parts = [f"{counted[word]} {word}" for word in (*COUNTED.values(), _LEFTOVER) if counted[word]]
    return ", ".join(parts) or "nothing had to change"
