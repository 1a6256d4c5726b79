"""The address of one state, and the note beside one that moves or has moved elsewhere."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Protocol

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.entity import EntityRef, Identified
from purveyor.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SUFFIX = ".tfstate"

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SLUG_LENGTH = 64
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class StateKey:
    """Where one entity's state lives, below the backend's prefix.

    `path` ends in `.tfstate`. `exists` tells whether a state was found there when it was located;
    `moved`, whether a note lies beside it that it moves or has moved elsewhere.
    """

    path: str
    exists: bool
    moved: bool = False


class Owner(Identified, Protocol):
    """Who a state belongs to: the parts of an entity that make its key."""

    @property
    def slug(self) -> str:
        """For people; may change, may hold anything."""


def identity(owner: Owner) -> str:
    """Return the stamp of a state; raise as `EntityRef.of`."""
    return EntityRef.of(owner).stamp


def safe_slug(owner: Owner) -> str:
    """Return what of a slug can stand in a path: ASCII letters, digits, `-` and `_`, at most 64."""
    plain = unicodedata.normalize("NFKD", owner.slug[: 4 * _SLUG_LENGTH])
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    slug = _UNSAFE.sub("-", ascii_only).strip("-")[:_SLUG_LENGTH].strip("-")
    return slug or owner.kind


def step_path(path: str, step: str) -> str:
    """Return the path of a further step's state, beside that of the first one's."""
    return f"{path.removesuffix(SUFFIX)}.{step}{SUFFIX}"


def own_key(stamp: str, step: str) -> StateKey:
    """Return the key that stands for the folder of a program that keeps a state of its own.

    No other entity and no other step has it. It is beside the folders of states: such programs keep
    a history, which no listing of states should have to go through.
    """
    return StateKey(f"pulumi/{stamp}/{step}{SUFFIX}", exists=True)


def leave_out_steps(paths: Collection[str], known: Iterable[str] | None = None) -> list[str]:
    """Return the paths that are no further step's of a `known` one, of the paths themselves."""
    stems = {path.removesuffix(SUFFIX) for path in (paths if known is None else known)}
    return [path for path in paths if path.removesuffix(SUFFIX).rpartition(".")[0] not in stems]


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
    fields = json_text.parse_object(text) or {}
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
