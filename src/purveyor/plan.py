"""What an engine would change or has changed, and the guard that judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What happens to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    READ = "read"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's change. `forced_by` names the attributes that force a replacement."""

    address: str
    resource_type: str
    verb: Verb
    forced_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """What must not be deleted or replaced by an update: resource types or addresses."""

    protect: tuple[str, ...] = ()
