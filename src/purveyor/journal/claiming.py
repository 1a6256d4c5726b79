"""Claiming an action, so that it is carried out once, whoever delivers it and however often."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from purveyor import json_text
from purveyor.errors import ContextError, ReasonCode
from purveyor.journal.change_markers import ChangeMarkers
from purveyor.journal.records import (
    read_beat,
    read_begin,
    read_end,
    write_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.journal.change_markers import ChangeMarker
    from purveyor.journal.records import Beat, Begin, End
    from purveyor.journal.store import Store
    from purveyor.json_text import JsonObject
    from purveyor.run_identity import RunIdentity

# A heartbeat older than this is no sign of life (design, section 5), in seconds.
DEAD_AFTER = 300.0
OPEN = "journal/open"
ACTIONS = "journal/actions"
ENTITIES = "journal/entities"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The action is ours, with this begin; `before` is the dead or failed attempt it follows."""

    begin: Begin
    before: Begin | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The action ended before: here is how."""

    begin: Begin
    end: End
    reported: bool


@dataclass(frozen=True, slots=True)
class Running:
    """Another run carries the action out; `quiet` is how long it has been silent, in seconds."""

    begin: Begin
    quiet: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Another run began and has fallen silent; whether it lives cannot be told from here."""

    begin: Begin
    quiet: float


Verdict: TypeAlias = "Claimed | Ended | Running | Unknown"
IsDead: TypeAlias = "Callable[[RunIdentity], bool | None]"


class Journal:
    """The journal in one store. `clock` tells seconds since 1970.

    `age` tells how long ago the store wrote a path, in seconds by its own clock: two machines'
    clocks may be hours apart. Without it the clocks are compared. A run that is silent for less
    than `dead_after` seconds is not looked at.
    `markers` tell who is changing an entity, or was when it was lost.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        *,
        age: Callable[[str], float | None] | None = None,
        dead_after: float = DEAD_AFTER,
    ) -> None:
        self.markers = ChangeMarkers(store)
        self.dead_after = dead_after
        self._age = age
        self._store = store
        self._clock = clock

    def claim(self, wanted: Begin, *, is_dead: IsDead) -> Verdict:
        """Claim the action for this run, or say what stands in the way.

        `is_dead` tells whether a run has certainly ended: True, False, or None for unknown. A new
        attempt follows a dead one, and a failed one that the same CI run tries again.
        Raise ContextError for the same id with another content.
        """
        self._open(wanted)
        claimed = self._begin(dataclasses.replace(wanted, attempt=1))
        if claimed is not None:
            return Claimed(claimed)
        return self._follow(wanted, is_dead)

    def beat(self, begin: Begin, beat: Beat) -> None:
        """Write a sign of life."""
        self._store.put(f"{_folder(begin)}/beat.json", write_record(beat))

    def end(self, begin: Begin, end: End) -> bool:
        """Write how the attempt ended; False when that was written already."""
        return self._store.create(f"{_folder(begin)}/end.json", write_record(end))

    def close(self, begin: Begin) -> None:
        """Note that the platform has heard the end; the action is no longer open."""
        self.mark_reported(begin)
        self._store.remove(f"{OPEN}/{begin.action}")

    def mark_reported(self, begin: Begin) -> None:
        """Note that the platform has heard the end; the action stays among the open ones."""
        self._store.create(f"{_folder(begin)}/heard.json", "{}")

    def forget(self, action: str, *, attempt: int) -> None:
        """Take an action off the open ones, unless an attempt after this one has begun meanwhile.

        0 stands for "before the first". Nothing happens when it is not among them.
        """
        self._store.remove(f"{OPEN}/{action}")
        found = self.last(action)
        if found is not None and found[0].attempt > attempt:
            self._open(found[0])

    def open_actions(self) -> Iterator[str]:
        """Yield the ids of the actions that began and are not closed."""
        for path in self._store.paths(OPEN):
            yield path.rsplit("/", 1)[-1]

    def last_action(self, kind: str, entity: str) -> str | None:
        """Return the action that was begun last on a service or link; None when none is known."""
        return self._store.read(f"{ENTITIES}/{kind}/{entity}/last")

    def note_unlock(self, kind: str, entity: str, note: JsonObject) -> None:
        """Keep who freed a lock by force, and why. `note` has `at`, ISO 8601 in UTC."""
        moment = str(note.get("at", "")).replace(":", "")
        self._store.create(
            f"{ENTITIES}/{kind}/{entity}/unlocks/{moment}.json", json_text.write(note)
        )

    def is_over(self, marker: ChangeMarker, *, is_dead: IsDead) -> bool | None:
        """Tell whether the attempt that set a marker is certainly over, by the rules of `claim`.

        False while it shows signs of life, None when it is silent and nobody knows.
        """
        found = self.last(marker.action)
        if found is None or found[0].attempt > marker.attempt or found[2] is not None:
            return True
        verdict = self._look(found[0], found[1], is_dead)
        return None if isinstance(verdict, Unknown) else verdict is None

    def opened(self, action: str) -> float | None:
        """Return when an open action was last delivered, in seconds since 1970; None: not known."""
        words = (self._store.read(f"{OPEN}/{action}") or "").split()
        return float(words[-1]) if len(words) > 1 and words[-1].isdecimal() else None

    def opened_ago(self, action: str) -> float | None:
        """Return how long ago an open action was last delivered, in seconds; None: not known."""
        age = self._age(f"{OPEN}/{action}") if self._age else None
        opened = self.opened(action) if age is None else None
        return age if opened is None else max(0.0, self._clock() - opened)

    def silence(self, begin: Begin, beat: Beat | None, end: End | None = None) -> float:
        """Return how long ago an attempt last showed that it lives, in seconds."""
        name = "end" if end else "beat" if beat else "begin"
        age = self._age(f"{_folder(begin)}/{name}.json") if self._age else None
        if age is None:
            age = self._clock() - max(each.at for each in (begin, beat, end) if each)
        return max(0.0, age)

    def last(self, action: str) -> tuple[Begin, Beat | None, End | None, bool] | None:
        """Return the last attempt: begin, heartbeat, end, and whether the platform heard it."""
        names = list(self._store.paths(f"{ACTIONS}/{action}"))
        attempts = sorted({int(name.split("/")[3]) for name in names if name.count("/") > 3})  # noqa: PLR2004 - journal/actions/<id>/<attempt>/<name>
        if not attempts:
            return None
        folder = f"{ACTIONS}/{action}/{attempts[-1]}"
        begin = self._store.read(f"{folder}/begin.json")
        if begin is None:
            return None
        beat = self._store.read(f"{folder}/beat.json") if f"{folder}/beat.json" in names else None
        end = self._store.read(f"{folder}/end.json") if f"{folder}/end.json" in names else None
        return (
            read_begin(begin),
            read_beat(beat) if beat else None,
            read_end(end) if end else None,
            f"{folder}/heard.json" in names,
        )

    def _open(self, begin: Begin) -> None:
        where = begin.identity.url or begin.identity.host
        self._store.put(f"{OPEN}/{begin.action}", f"{where} {self._clock():.0f}")

    def _begin(self, wanted: Begin) -> Begin | None:
        path, text = f"{_folder(wanted)}/begin.json", write_record(wanted)
        if not self._store.create(path, text) and not (
            # It may be ours: a store that wrote it and whose answer was lost is asked again.
            wanted.token and self._store.read(path) == text
        ):
            return None
        if not wanted.digest:  # a sweep's: it works on nothing
            return wanted
        # From an entity, and so from a lock on its state, to who worked on it last.
        self._store.put(f"{ENTITIES}/{wanted.kind}/{wanted.entity}/last", wanted.action)
        return wanted

    def _follow(self, wanted: Begin, is_dead: IsDead) -> Verdict:
        found = self.last(wanted.action)
        if found is None:  # the first begin is being removed by hand: look no further
            return Unknown(wanted, 0.0)
        begin, beat, end, reported = found
        _refuse_other(wanted, begin)
        if end is not None and not _is_retry(wanted, begin, end):
            return Ended(begin, end, reported)
        if end is None:
            verdict = self._judge(wanted, begin, beat, is_dead)
            if verdict is not None:
                return verdict
        following = dataclasses.replace(wanted, attempt=begin.attempt + 1)
        claimed = self._begin(following)
        if claimed is None:
            return Running(begin, 0.0)
        self._open(claimed)  # a sweep may have taken the action off the list between the two
        return Claimed(claimed, before=begin)

    def _judge(
        self, wanted: Begin, begin: Begin, beat: Beat | None, is_dead: IsDead
    ) -> Running | Unknown | None:
        """Return None for a run that is certainly over."""
        later = _is_later_try(wanted.identity, begin.identity)
        return None if later else self._look(begin, beat, is_dead)

    def _look(self, begin: Begin, beat: Beat | None, is_dead: IsDead) -> Running | Unknown | None:
        quiet = self.silence(begin, beat)
        # A process is looked at in no time; a CI is asked only about those that fell silent.
        ours = begin.identity.ci == "terminal"
        dead = is_dead(begin.identity) if ours or quiet >= self.dead_after else None
        if dead:
            return None
        if dead is False or quiet < self.dead_after:
            return Running(begin, quiet)
        return Unknown(begin, quiet)


def _folder(begin: Begin) -> str:
    return f"{ACTIONS}/{begin.action}/{begin.attempt}"


def _is_later_try(later: RunIdentity, earlier: RunIdentity) -> bool:
    # A CI starts a run again only after it has ended.
    same = later.ci == earlier.ci and later.run == earlier.run != ""
    return same and later.project == earlier.project and later.attempt > earlier.attempt


def _is_retry(wanted: Begin, begin: Begin, end: End) -> bool:
    return end.status != "success" and _is_later_try(wanted.identity, begin.identity)


def _refuse_other(wanted: Begin, begin: Begin) -> None:
    # Without a digest it is a sweep's, which knows an action but not its content.
    if wanted.digest and begin.digest and wanted.digest != begin.digest:
        raise ContextError(
            f"The action {wanted.action} was carried out before with other content.",
            reason=ReasonCode.CONTEXT_INVALID,
            hint="An action's id belongs to one request: look at who sent this notification.",
        )
