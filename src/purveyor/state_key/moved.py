"""The note beside a state that moves or has moved, and the refusal to work on what has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from purveyor import json_text
from purveyor.errors import RecoveryError

if TYPE_CHECKING:
    from purveyor.state_key.address import Owner, StateKey

_SHOWN = 500


@dataclass(frozen=True, slots=True)
class MovedMarker:
    """A note. `stage` is `copying` or `moved`, `to` the new place with the state's key in it.

    `digest` and `serial` are those of the state when it was copied.
    """

    stage: str
    to: str
    digest: str
    serial: int

    def text(self, lineage: str, *, at: str) -> str:
        """Return what the note holds; `at` is ISO 8601 in UTC."""
        note = {
            "stage": self.stage,
            "moved_to": self.to,
            "digest": self.digest,
            "serial": self.serial,
            "lineage": lineage,
            "at": at,
        }
        return json_text.write(note, indent=2) + "\n"


class Marked(Protocol):
    """A backend, which may keep notes beside states."""

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Return the note; None when there is none."""


def parse_moved_marker(text: str) -> MovedMarker | None:
    """Read a note; None when it is none of ours."""
    try:
        note = json_text.parse(text)
    except json_text.JsonTextError:
        return None
    fields = note if isinstance(note, dict) else {}
    serial = fields.get("serial")
    stage, to, digest = (str(fields.get(name, "")) for name in ("stage", "moved_to", "digest"))
    return MovedMarker(stage, to, digest, serial) if isinstance(serial, int) else None


def read_moved_marker(backend: Marked, key: StateKey) -> MovedMarker | None:
    """Return the note beside a state; None when there is none, or none of ours."""
    text = backend.read_moved_marker(key)
    return None if text is None else parse_moved_marker(text)


def refuse_moved(key: StateKey, backend: Marked, owner: Owner) -> None:
    """Raise RecoveryError for a state that lives elsewhere by now, as the note beside it says.

    One that is only being copied is still worked on here: the move looks again before it ends.
    Asks the store only where a note was seen.
    """
    text = backend.read_moved_marker(key) if key.moved else None
    if text is None:
        return
    marker = parse_moved_marker(text)
    if marker is not None and marker.stage != "moved":
        return
    place = (
        marker.to[:_SHOWN] if marker and marker.to else "an unknown place: its note cannot be read"
    )
    raise RecoveryError(
        f"The state of {owner.kind} {owner.slug or owner.id} has moved to {place}; the catalog"
        " still names its old place, and nothing was changed.",
        hint="Let `backend` in the catalog name the new place. If the move is not to hold:"
        f" `purveyor state unmark {owner.id} --kind {owner.kind}` takes the note away.",
        details=[f"looked in {key.path}"],
    )
