"""The address of one state, and what a state document says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonValue


@dataclass(frozen=True, slots=True)
class StateKey:
    """Where one entity's state lives, below the backend's prefix.

    `path` ends in `.tfstate`. `exists` tells whether a state was found there when it was located.
    """

    path: str
    exists: bool


@dataclass(frozen=True, slots=True)
class OutputValue:
    """One output in a state."""

    value: JsonValue
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class StateDocument:
    """A state as read from its backend (format version 4).

    `resources` counts managed resource instances. `encrypted` is true for OpenTofu's native
    encryption: then nothing else could be read.
    """

    serial: int
    lineage: str
    resources: int
    outputs: Mapping[str, OutputValue] = field(default_factory=dict)
    encrypted: bool = False
