"""The note beside a state that moves or has moved, read from its place and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.state_key import parse_moved_marker
from purveyor.states.ports import Markers

if TYPE_CHECKING:
    from purveyor.backends import Backend
    from purveyor.state_key import MovedMarker, StateKey


def read_moved_marker(backend: Backend, key: StateKey) -> MovedMarker | None:
    """Return the note beside a state; None when there is none, or its place keeps none."""
    text = backend.read_moved_marker(key) if isinstance(backend, Markers) else None
    return None if text is None else parse_moved_marker(text)


def moved_marker_text(marker: MovedMarker, lineage: str, *, at: str) -> str:
    """Return a note's text; `at` is ISO 8601 in UTC."""
    note = {
        "stage": marker.stage,
        "moved_to": marker.to,
        "digest": marker.digest,
        "serial": marker.serial,
        "lineage": lineage,
        "at": at,
    }
    return json_text.write(note, indent=2) + "\n"
