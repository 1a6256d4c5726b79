"""What a look at all states found: a finding, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """A problem makes the look end badly; a note does not."""

    PROBLEM = "problem"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed, where, and its fix. `code` is a stable name of its kind."""

    level: Level
    code: str
    where: str
    text: str
    fix: str
