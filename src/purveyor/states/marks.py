"""The note beside a state that moves or has moved, read from its place and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.state_key import parse_mark
from purveyor.states.ports import Markers

if TYPE_CHECKING:
    from purveyor.backends import Backend
    from purveyor.state_key import Mark, StateKey


def read_mark(backend: Backend, key: StateKey) -> Mark | None:
    """Return the note beside a state; None when there is none, or its place keeps none."""
    text = backend.read_mark(key) if isinstance(backend, Markers) else None
    return None if text is None else parse_mark(text)


def write_mark(mark: Mark, lineage: str, *, at: str) -> str:
    """Return a note's text; `at` is ISO 8601 in UTC."""
    note = {
        "stage": mark.stage,
        "moved_to": mark.to,
        "digest": mark.digest,
        "serial": mark.serial,
        "lineage": lineage,
        "at": at,
    }
    return json_text.write(note, indent=2) + "\n"
