"""Claiming an action so that it is carried out once; every attempt at it, from begin to report."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

from purveyor import json_text
from purveyor.errors import ContextError, CredentialsError, ReasonCode, RecoveryError
from purveyor.journal import layout
from purveyor.journal.approvals import Approvals, refuse
from purveyor.journal.change_markers import ChangeMarkers
from purveyor.journal.records import (
    Answer,
    AttemptRecord,
    Begin,
    End,
    keep_outcome,
    read_beat,
    read_begin,
    read_decision,
    read_end,
    read_request,
    write_record,
)
from purveyor.journal.verdict import Claimed, Ended, Parked, Running, Unknown, Unread, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from purveyor.entity import EntityRef
    from purveyor.journal.change_markers import ChangeMarker
    from purveyor.journal.records import Beat
    from purveyor.json_text import JsonObject
    from purveyor.record_store import RecordStore
    from purveyor.run_identity import RunIdentity

# A heartbeat older than this is no sign of life (design, section 5), in seconds.
DEAD_AFTER = 300.0


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
        store: RecordStore,
        clock: Callable[[], float],
        *,
        age: Callable[[str], float | None] | None = None,
        dead_after: float = DEAD_AFTER,
    ) -> None:
        self.markers = ChangeMarkers(store)
        self.approvals = Approvals(store, clock, age)
        self.dead_after = dead_after
        self._age = age
        self._store = store
        self._clock = clock

    def claim(self, wanted: Begin, *, is_dead: IsDead, approver: str = "") -> Verdict:
        """Claim the action for this run, or say what stands in the way.

        `is_dead` tells whether a run has certainly ended: True, False, or None for unknown. A new
        attempt follows a dead one, and a failed one that the same CI run tries again; also one that
        waits for an approval, once that is there: an `approver` gives it.
        Raise ContextError for the same id with another content.
        """
        self._open(wanted)
        first = dataclasses.replace(wanted, attempt=1)
        if self._create(first):
            return Claimed(self._note_last(first))
        try:
            if self._is_ours(first):
                return Claimed(self._note_last(first))
            return self._follow(wanted, is_dead, approver)
        except (RecoveryError, CredentialsError) as error:
            return Unread(error)

    def beat(self, begin: Begin, beat: Beat) -> None:
        self._store.put(_path(begin, layout.BEAT), write_record(beat))

    def end(self, begin: Begin, end: End) -> bool:
        """Write how the attempt ended; False when that was written already."""
        return self._store.create(_path(begin, layout.END), write_record(end))

    def settle(
        self, found: AttemptRecord, answer: Answer | None = None, *, by: str = "", why: str = ""
    ) -> AttemptRecord:
        """Decide about a parked attempt; give it its end where that is no approval."""
        if (request := found.parked) is None:
            return found
        end, decision = None, self.approvals.judge(found, answer, by=by, why=why)
        if decision is not None and decision.answer != Answer.APPROVED:
            end = keep_outcome(refuse(found.begin, request, decision), at=self._clock())
            self.end(found.begin, end)
            self.markers.remove(found.begin)
        return dataclasses.replace(found, decision=decision, end=end)

    def is_followed(self, begin: Begin) -> bool:
        """Tell whether a later attempt has begun: then an end of this one is nothing to report."""
        return any(number > begin.attempt for number, _ in self._list(begin.action))

    def close(self, begin: Begin) -> None:
        """Note that the platform has heard the end; the action is no longer open."""
        self.mark_reported(begin)
        self._store.remove(layout.open_path(begin.action))

    def mark_reported(self, begin: Begin) -> None:
        """Note that the platform has heard the end; the action stays among the open ones."""
        self._store.create(_path(begin, layout.REPORTED), "{}")

    def forget(self, action: str, *, attempt: int) -> None:
        """Take an action off the open ones, unless an attempt after this one has begun meanwhile.

        0 stands for "before the first". Nothing happens when it is not among them.
        """
        self._store.remove(layout.open_path(action))
        found = self.last(action)
        if found is not None and found.begin.attempt > attempt:
            self._open(found.begin)

    def open_actions(self) -> Iterator[str]:
        for path in self._store.paths(layout.OPEN):
            yield path.rsplit("/", 1)[-1]

    def actions(self) -> dict[str, float]:
        """Return when each action last began, in seconds since 1970, the newest one first.

        A listing of all that was ever kept; no record is read.
        """
        written = dict(self._store.dated(layout.ACTIONS))
        began: dict[str, float] = {}
        for (action, number), names in layout.split_attempts(written).items():
            if layout.BEGIN in names:
                at = written[layout.attempt_path(action, number, layout.BEGIN)]
                began[action] = max(at, began.get(action, 0.0))
        return dict(sorted(began.items(), key=lambda each: each[1], reverse=True))

    def attempts(self, action: str) -> Sequence[AttemptRecord]:
        found = (self._read(action, *each) for each in self._list(action))
        return [each for each in found if each is not None]

    def last(self, action: str) -> AttemptRecord | None:
        listed = self._list(action)
        return self._read(action, *listed[-1]) if listed else None

    def last_action(self, entity: EntityRef) -> str | None:
        """Return the action that was begun last on a service or link; None when none is known."""
        return self._store.read(layout.last_path(entity))

    def note_unlock(self, entity: EntityRef, note: JsonObject) -> None:
        """Keep who freed a lock by force, and why. `note` has `at`, ISO 8601 in UTC."""
        self._store.create(layout.unlock_path(entity, note), json_text.write(note))

    def is_over(self, marker: ChangeMarker, *, is_dead: IsDead) -> bool | None:
        """Tell whether the attempt that set a marker is certainly over, by the rules of `claim`.

        False while it waits or shows signs of life, None when it is silent and nobody knows.
        """
        found = self.last(marker.action)
        if found is None or found.begin.attempt > marker.attempt or found.end is not None:
            return True
        if found.parked:
            return False
        verdict = self._look(found, is_dead)
        return None if isinstance(verdict, Unknown) else verdict is None

    def opened(self, action: str) -> float | None:
        """Return when an open action was last delivered, in seconds since 1970; None: not known."""
        words = (self._store.read(layout.open_path(action)) or "").split()
        return float(words[-1]) if len(words) > 1 and words[-1].isdecimal() else None

    def opened_ago(self, action: str) -> float | None:
        """Return how long ago an open action was last delivered, in seconds; None: not known."""
        age = self._age(layout.open_path(action)) if self._age else None
        opened = self.opened(action) if age is None else None
        return age if opened is None else max(0.0, self._clock() - opened)

    def silence(self, attempt: AttemptRecord) -> float:
        """Return how long ago an attempt last showed that it lives, in seconds."""
        name = layout.END if attempt.end else layout.BEAT if attempt.beat else layout.BEGIN
        age = self._age(_path(attempt.begin, name)) if self._age else None
        return max(0.0, self._clock() - attempt.last_sign if age is None else age)

    def _list(self, action: str) -> list[tuple[int, set[str]]]:
        found = layout.split_attempts(self._store.paths(layout.action_folder(action)))
        return sorted((number, names) for (_, number), names in found.items())

    def _read(self, action: str, number: int, names: set[str]) -> AttemptRecord | None:
        def read(name: str) -> str | None:
            path = layout.attempt_path(action, number, name)
            return self._store.read(path) if name in names else None

        begin = self._store.read(layout.attempt_path(action, number, layout.BEGIN))
        if begin is None:
            return None
        beat, end = read(layout.BEAT), read(layout.END)
        return AttemptRecord(
            read_begin(begin),
            read_beat(beat) if beat else None,
            read_end(end) if end else None,
            reported=layout.REPORTED in names,
            request=read_request(asked) if (asked := read(layout.REQUEST)) else None,
            decision=read_decision(made) if (made := read(layout.DECISION)) else None,
        )

    def _open(self, begin: Begin) -> None:
        where = begin.identity.url or begin.identity.host
        self._store.put(layout.open_path(begin.action), f"{where} {self._clock():.0f}")

    def _create(self, wanted: Begin) -> bool:
        return self._store.create(_path(wanted, layout.BEGIN), write_record(wanted))

    def _is_ours(self, wanted: Begin) -> bool:
        """Tell whether a begin that is there is ours, whose answer was lost on its way."""
        path = _path(wanted, layout.BEGIN)
        return bool(wanted.token) and self._store.read(path) == write_record(wanted)

    def _note_last(self, begin: Begin) -> Begin:
        if begin.digest:  # without one it is a sweep's, which works on nothing
            self._store.put(layout.last_path(begin.ref), begin.action)
        return begin

    def _follow(self, wanted: Begin, is_dead: IsDead, approver: str) -> Verdict:
        found = self.last(wanted.action)
        if found is None:  # the first begin is being removed by hand: look no further
            return Unknown(wanted, 0.0)
        _refuse_other(wanted, found.begin)
        found = self.settle(found, Answer.APPROVED if approver else None, by=approver)
        begin, end = found.begin, found.end
        if found.parked and found.decision is None:
            return Parked(begin, found.parked)
        if end is not None and (found.request or not _is_retry(wanted, begin, end)):
            return Ended(begin, end, found.reported)
        # A CI starts a run again only after it has ended.
        if not (end or found.parked or _is_later_try(wanted.identity, begin.identity)):
            verdict = self._look(found, is_dead)
            if verdict is not None:
                return verdict
        allowed = () if found.parked is None else (found.parked.step,)
        approved = (*begin.approved, *allowed)
        following = dataclasses.replace(wanted, attempt=begin.attempt + 1, approved=approved)
        if not self._create(following) and not self._is_ours(following):
            return Running(begin, 0.0)
        self._open(following)  # a sweep may have taken the action off the list between the two
        return self._take_over(following, found)

    def _take_over(self, claimed: Begin, found: AttemptRecord) -> Claimed | Ended:
        """Leave the action to a sweep that has ended the dead attempt meanwhile, and says so."""
        ended = found.end is None and self._store.read(_path(found.begin, layout.END))
        if not ended:
            return Claimed(self._note_last(claimed), before=found.begin)
        self._store.create(_path(claimed, layout.END), ended)
        return Ended(claimed, read_end(ended), reported=False)

    def _look(self, found: AttemptRecord, is_dead: IsDead) -> Running | Unknown | None:
        """Return None for a run that is certainly over."""
        begin, quiet = found.begin, self.silence(found)
        # A process is looked at in no time; a CI is asked only about those that fell silent.
        ours = begin.identity.ci == "terminal"
        dead = is_dead(begin.identity) if ours or quiet >= self.dead_after else None
        if dead:
            return None
        if dead is False or quiet < self.dead_after:
            return Running(begin, quiet)
        return Unknown(begin, quiet)


def _path(begin: Begin, name: str) -> str:
    return layout.attempt_path(begin.action, begin.attempt, name)


def _is_later_try(later: RunIdentity, earlier: RunIdentity) -> bool:
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
