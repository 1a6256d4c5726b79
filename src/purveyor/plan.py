"""What an engine would change or has changed, and the guard that judges it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STEP = re.compile(r'([^.\[\]"]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?(?:\.|$)')


class Verb(StrEnum):
    """What happens to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    NOTHING = "nothing"


COUNTED = {
    Verb.CREATE: "created",
    Verb.UPDATE: "updated",
    Verb.REPLACE: "replaced",
    Verb.DELETE: "deleted",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's change. `forced_by` names the attributes that force a replacement."""

    address: str
    resource_type: str
    verb: Verb
    forced_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """What must not be deleted or replaced by an update: resource types or addresses.

    `aws_db_instance` is a type, wherever it stands; `aws_db_instance.main` and
    `module.data.aws_db_instance.main` are addresses from the root, with or without an index;
    `module.data` is all that is in that module.
    """

    protect: tuple[str, ...] = ()


def find_denied(guard: Guard, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that the guard does not allow."""
    return tuple(
        change
        for change in changes
        if change.verb in {Verb.DELETE, Verb.REPLACE}
        and any(_covers(pattern, change) for pattern in guard.protect)
    )


def judge(guard: Guard, changes: Iterable[Change]) -> None:
    """Raise GuardError that names each protected resource and what forces its replacement."""
    denied = find_denied(guard, changes)
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
    if change.verb is Verb.DELETE:
        return f"{change.address} would be deleted"
    forced = f", forced by {', '.join(change.forced_by)}" if change.forced_by else ""
    return f"{change.address} would be replaced{forced}"


def _covers(pattern: str, change: Change) -> bool:
    if "." not in pattern:
        return pattern == change.resource_type
    wanted, steps = _STEP.findall(pattern), _STEP.findall(change.address)
    return len(wanted) <= len(steps) and all(
        name == step_name and index in {"", step_index}
        for (name, index), (step_name, step_index) in zip(wanted, steps, strict=False)
    )


def count_changes(changes: Sequence[Change]) -> str:
    """Say `2 created, 1 replaced`, or that nothing had to change."""
    counted = Counter(change.verb for change in changes)
    parts = [f"{counted[verb]} {word}" for verb, word in COUNTED.items() if counted[verb]]
    return ", ".join(parts) or "nothing had to change"
