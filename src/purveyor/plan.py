"""What an engine would change or has changed, and the guard that judges it."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
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
_TOLD = 20


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """An attribute's values as people read them, a sensitive one masked; empty where unset."""

    path: str
    before: str
    after: str

    def tell(self) -> str:
        return f"{self.path}: {self.before or 'unset'} -> {self.after or 'unset'}"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's change. `forced_by` names the attributes that force a replacement.

    `deposed` is what an earlier replacement has left over at the address, not the resource itself.
    `opened_by` names the attributes by which it is opened to everybody.
    """

    address: str
    resource_type: str
    verb: Verb
    forced_by: tuple[str, ...] = ()
    deposed: bool = False
    opened_by: tuple[str, ...] = ()
    attributes: tuple[AttributeChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """What an update must not do."""

    protect: tuple[str, ...] = ()  # deleted, replaced or let go of; patterns that its engine reads
    stateful: bool = False  # nor what holds data, by the engine's list
    limits: Mapping[Verb, int] = field(default_factory=dict)  # more at once are refused
    refuse: frozenset[str] = frozenset()  # of `action`, `deposed`, `import` and `public`
    ask: str = ""  # who may allow it


@dataclass(frozen=True, slots=True)
class StatefulTypes:
    """The resource types that an engine knows to hold data; `version` changes with the list."""

    version: str = ""
    types: frozenset[str] = frozenset()


NO_TYPES = StatefulTypes()


def find_denied(
    guard: Guard, changes: Iterable[Change], covers: Covers, stateful: StatefulTypes = NO_TYPES
) -> dict[Change, str]:
    """Return the changes that the guard does not allow, each with the reason.

    `covers` reads an engine's pattern, `stateful` are the types that it knows to hold data.
    """
    denied: dict[Change, str] = {}
    changes = list(changes)
    harmful = [each for each in changes if each.verb in _DENIED and not each.deposed]
    for each in harmful:
        if any(covers(pattern, each) for pattern in guard.protect):
            denied[each] = "which the catalog protects"
        elif guard.stateful and each.resource_type in stateful.types:
            denied[each] = f"which holds data (Purveyor's list {stateful.version})"
    for verb, most in guard.limits.items():
        found = [each for each in harmful if each.verb is verb]
        why = f"where the catalog lets {most or 'nothing'} be {COUNTED[verb]} at once"
        denied |= {each: denied.get(each, why) for each in found if len(found) > most}
    for kind in guard.refuse & _REFUSABLE.keys():
        why = f"which the catalog refuses (`{kind}`)"
        denied |= {each: denied.get(each, why) for each in changes if _REFUSABLE[kind](each)}
    return denied


_REFUSABLE: Mapping[str, Callable[[Change], bool]] = {
    "deposed": lambda change: change.deposed,
    "import": lambda change: change.verb is Verb.IMPORT,
    "public": lambda change: bool(change.opened_by),
}


def judge(
    guard: Guard,
    changes: Iterable[Change],
    covers: Covers,
    *,
    unread: Sequence[str] = (),
    stateful: StatefulTypes = NO_TYPES,
) -> None:
    """Raise GuardError for what is denied, and for what is `unread` where that may do harm."""
    denied = find_denied(guard, changes, covers, stateful)
    asked = guard.ask or "the platform team"
    if (guard.protect or "action" in guard.refuse) and unread and not denied:
        raise GuardError(
            "The plan holds what Purveyor cannot read, which may harm what the catalog protects;"
            " nothing was changed.",
            details=unread,
            hint=f"Ask {asked} to lift the guard in the catalog for this change.",
        )
    if not denied:
        return
    (first, why), *others = denied.items()
    more = f" and {len(others)} more" if others else ""
    raise GuardError(
        f"The change would {first.verb} {first.address}{more}, {why}; nothing was changed.",
        details=[_tell(change) for change in denied],
        told=f"{_tell(first)}{more}, but is protected: it was left as it is.",
        hint=f"Undo the parameter that forces it, or ask {asked} to carry out the change"
        " with the guard lifted in the catalog.",
    )


def _tell(change: Change) -> str:
    forced = f", forced by {', '.join(change.forced_by)}" if change.forced_by else ""
    opened = f", open to everybody by {', '.join(change.opened_by)}" if change.opened_by else ""
    left = " (what an earlier replacement has left)" if change.deposed else ""
    return f"{change.address}{left} would be {COUNTED[change.verb]}{forced}{opened}"


def tell_change(change: Change) -> list[str]:
    """Return a change's line, and for what stays in part one for each attribute, to a limit."""
    forced = f"  forced by {', '.join(change.forced_by)}" if change.forced_by else ""
    lines = [f"{SIGNS.get(change.verb, ''):>3} {change.verb.value:<8} {change.address}{forced}"]
    told = change.attributes if change.verb in {Verb.UPDATE, Verb.REPLACE} else ()
    lines += [f"        {each.tell()}" for each in told[:_TOLD]]
    if len(told) > _TOLD:
        lines.append(f"        and {len(told) - _TOLD} more")
    return lines


def count_changes(changes: Sequence[Change]) -> str:
    """Say `2 created, 1 replaced`, or that nothing had to change."""
    counted = Counter(_LEFTOVER if c.deposed else COUNTED.get(c.verb) for c in changes)
    parts = [f"{counted[word]} {word}" for word in (*COUNTED.values(), _LEFTOVER) if counted[word]]
    return ", ".join(parts) or "nothing had to change"
