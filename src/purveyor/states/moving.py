"""Moves one state to another place: copied, verified, its old place marked; safe to do again."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import RecoveryError
from purveyor.lock import describe_lock
from purveyor.state_key import MovedMarker, StateKey, identity, read_moved_marker
from purveyor.states.content import read_current, read_stamp
from purveyor.states.restoring import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.backends import Backend
    from purveyor.state_key import Owner
    from purveyor.states.content import Content
    from purveyor.states.restoring import Writer

_UNMARKED = "its old place keeps no note of it"


class Verdict(StrEnum):
    """How one move ended, or would end."""

    MOVED = "moved"
    ALREADY = "already there"
    PLANNED = "to be moved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NamedBackend:
    """A backend and what people call it, such as `s3://acme-states/team-a`."""

    backend: Backend
    name: str


@dataclass(frozen=True, slots=True)
class Move:
    """One state to move: the entity it belongs to, and its key in the old place."""

    owner: Owner
    old: StateKey


@dataclass(frozen=True, slots=True)
class Moved:
    """How it ended; `new` is empty when the new place was not looked at."""

    move: Move
    verdict: Verdict
    new: str = ""
    note: str = ""
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class Mover:
    """Moves states from one place to another; `clock` gives ISO 8601 in UTC.

    It never overwrites a state that it has not copied there itself.
    """

    source: NamedBackend
    destination: NamedBackend
    writer: Writer
    clock: Callable[[], str]
    dry_run: bool = False

    def move(self, move: Move) -> Moved:
        """Move one state, or tell why not; raise what makes all further moves useless."""
        new = self.destination.backend.locate(move.owner)
        if self.source.name == self.destination.name and new.path == move.old.path:
            return Moved(move, Verdict.ALREADY, new.path)
        content = read_current(self.source.backend, move.old)
        if content is None:
            return self._refuse(move, new, "there is no state under the old key")
        reason = self._obstacle(move, content, new)
        return self._refuse(move, new, reason) if reason else self._decide(move, new, content)

    def _decide(self, move: Move, new: StateKey, content: Content) -> Moved:
        """Go on from where an earlier move was broken off."""
        there = read_current(self.destination.backend, new) if new.exists else None
        if there is None:
            return self._copy(move, new, content, None)
        marker = read_moved_marker(self.source.backend, move.old)
        if self._is_done(marker, content, there):
            self._welcome(move, new)
            return Moved(move, Verdict.ALREADY, new.path, serial=there.document.serial)
        if _is_copy(there, content):
            if self._stays(move, new, content):
                return self._refuse(move, new, "the old place and the new one are the same")
            return self._finish(move, new, content, there)
        if not (_may_replace(there, content, marker) or self._has_left(there, content, move, new)):
            return self._refuse(move, new, self._explain(there, content))
        return self._copy(move, new, content, there)

    def _is_done(self, marker: MovedMarker | None, content: Content, there: Content) -> bool:
        """Tell whether an earlier move has ended; its copy may have gone on since.

        Where the old place keeps no notes, only an equal copy proves it.
        """
        if not self.source.backend.keeps_markers:
            return _is_copy(there, content)
        moved = marker is not None and marker.stage == "moved" and _is_unchanged(marker, content)
        return moved and there.document.lineage == content.document.lineage

    def _stays(self, move: Move, new: StateKey, content: Content) -> bool:
        """Tell whether two names lead to one place: then a note in the old one is seen in both."""
        old = self.source.backend
        if self.dry_run or not old.keeps_markers:
            return False
        self._mark(move.old, "copying", new, content)
        same = read_moved_marker(self.destination.backend, new) == read_moved_marker(old, move.old)
        if same:
            old.unmark_moved(move.old)
        return same

    def _has_left(self, there: Content, content: Content, move: Move, new: StateKey) -> bool:
        """Tell whether what lies there is what stayed behind when this state moved away."""
        marker = self._read_farewell(move, new)
        same = there.document.lineage == content.document.lineage
        return marker is not None and same and _is_unchanged(marker, there)

    def _read_farewell(self, move: Move, new: StateKey) -> MovedMarker | None:
        """Return the new place's own note, if it says that the state has moved to the old one."""
        marker = read_moved_marker(self.destination.backend, new)
        home = f"{self.source.name}/{move.old.path}"
        there = marker is not None and (marker.stage, marker.to) == ("moved", home)
        return marker if there else None

    def _welcome(self, move: Move, new: StateKey) -> None:
        """Take away the note of a state that lived in the new place before, and does so again."""
        backend = self.destination.backend
        if not self.dry_run and self._read_farewell(move, new):
            backend.unmark_moved(new)

    def _explain(self, there: Content, content: Content) -> str:
        same = there.document.lineage == content.document.lineage
        if same and not self.source.backend.keeps_markers:
            return (
                "the new place holds it with other content, and the old place keeps no note that"
                " tells which of the two went on"
            )
        return "the new place holds another state of this entity"

    def _obstacle(self, move: Move, content: Content, new: StateKey) -> str:
        """Say what speaks against the move; empty when nothing does."""
        for backend, key in ((self.source.backend, move.old), (self.destination.backend, new)):
            holder = backend.holder(key)
            if holder is not None:
                return f"{key.path} is locked by {describe_lock(holder)}"
        if content.document.encrypted and not _can_copy_raw(content, self.destination.backend):
            return "it is encrypted: only the module's own engine can write it there"
        stamp = read_stamp(content)
        if stamp and stamp != identity(move.owner):
            return f"it is stamped as the state of {stamp[:160]}"
        return self._has_gone(move, new)

    def _has_gone(self, move: Move, new: StateKey) -> str:
        """Say where a state has moved that must not be moved once more; empty for any other."""
        marker = read_moved_marker(self.source.backend, move.old)
        if marker is None or marker.stage != "moved":
            return ""
        if marker.to != self._address(new):
            return f"it has moved to {marker.to}: migrate it from there, or `state unmark` it first"
        if not new.exists:
            return (
                "it has moved there before, and is gone from there: remove it here if it was"
                " deleted there, or `state unmark` it first"
            )
        return ""

    def _copy(self, move: Move, new: StateKey, content: Content, there: Content | None) -> Moved:
        if content.document.encrypted and there is not None:
            return self._refuse(move, new, "it is encrypted, and another state is in its new place")
        serial = max(content.document.serial, there.document.serial + 1 if there else 0)
        if self.dry_run:
            return Moved(move, Verdict.PLANNED, new.path, serial=content.document.serial)
        self._mark(move.old, "copying", new, content)
        if content.document.encrypted:
            _copy_raw(content, new, self.destination.backend)
        else:
            place(content, new, self.destination.backend, self.writer, serial=serial)
        there = read_current(self.destination.backend, new)
        if there is None or not _is_copy(there, content):
            raise RecoveryError(
                f"The copy of {move.old.path} at {self._address(new)} is not equal.",
                hint="Nothing in the old place has changed. Look at both before the next try.",
            )
        return self._finish(move, new, content, there)

    def _finish(self, move: Move, new: StateKey, content: Content, there: Content) -> Moved:
        """Mark the old place, unless somebody has worked there meanwhile."""
        if self.dry_run:
            return Moved(move, Verdict.PLANNED, new.path, serial=there.document.serial)
        again = read_current(self.source.backend, move.old)
        holder = self.source.backend.holder(move.old)
        if holder is not None or again is None or again.text != content.text:
            return self._refuse(move, new, "a run has worked on it meanwhile: migrate it again")
        self._mark(move.old, "moved", new, content)
        self._welcome(move, new)
        note = "" if self.source.backend.keeps_markers else _UNMARKED
        return Moved(move, Verdict.MOVED, new.path, note, there.document.serial)

    def _refuse(self, move: Move, new: StateKey, reason: str) -> Moved:
        return Moved(move, Verdict.REFUSED, new.path, reason)

    def _address(self, new: StateKey) -> str:
        return f"{self.destination.name}/{new.path}"

    def _mark(self, key: StateKey, stage: str, new: StateKey, content: Content) -> None:
        marker = MovedMarker(stage, self._address(new), content.digest, content.document.serial)
        text = marker.text(content.document.lineage, at=self.clock())
        self.source.backend.mark_moved(key, text)


def _is_copy(there: Content, content: Content) -> bool:
    """Tell whether it is the same state: its lineage, all it holds, and no older serial."""
    if content.document.encrypted:
        return there.text == content.text
    return (
        there.digest == content.digest
        and there.document.lineage == content.document.lineage
        and there.document.serial >= content.document.serial
    )


def _is_unchanged(marker: MovedMarker, content: Content) -> bool:
    return (marker.digest, marker.serial) == (content.digest, content.document.serial)


def _may_replace(there: Content, content: Content, marker: MovedMarker | None) -> bool:
    """Tell whether nothing is lost: it is empty, or the untouched copy of an interrupted move."""
    if there.is_empty:
        return True
    ours = marker is not None and marker.stage == "copying" and marker.digest == there.digest
    return ours and there.document.lineage == content.document.lineage


def _can_copy_raw(content: Content, backend: Backend) -> bool:
    """Tell whether the backend takes a state as it is, and whether we have all of its bytes.

    An encrypted state is Base64 in JSON: any letter beyond ASCII may stand for bytes that could
    not be read as text.
    """
    return backend.takes_raw_states and content.text.isascii()


def _copy_raw(content: Content, key: StateKey, backend: Backend) -> None:
    """Write a state that OpenTofu has encrypted where there is none, byte for byte.

    Nothing is ever overwritten, so that it needs no lock: the store itself decides who is first.
    """
    if not backend.create(key, content.text):
        raise RecoveryError(
            f"Somebody else has written the state {key.path} in the new place.",
            hint="Stop the pipelines, look at both states, and migrate again.",
        )
