"""Saves a state that could not be saved at first: checks it, tries again, or keeps it."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tempfile
import time
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.engines.terraform import commands
from purveyor.engines.terraform.encryption import decrypt
from purveyor.engines.terraform.state_writer import check_written, find_lock
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError, StateLockedError
from purveyor.process import Interruption
from purveyor.state_key import parse_state
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from purveyor.engines.terraform.program import CallResult
    from purveyor.engines.terraform.session import EngineSession
    from purveyor.state_key import StateDocument
    from purveyor.step import StateAccess

UNSAVED = "errored.tfstate"
LOOK_FIRST = (
    "Ask the platform team to compare what exists with the state before the next run, and then to"
    " run `purveyor state settle`."
)
FREED = "The state's lock was not given back at first; it is free now."
# A fault that passes is over soon; a cancelled run has ten seconds in all, and `finish` after it.
NAPS = (0.5, 1.5, 4.0)
_WHERE = "that could not be saved"


def save_state(
    text: str,
    *,
    state: StateAccess,
    push: Callable[[str], None],
    naps: Sequence[float] = NAPS,
) -> bool:
    """Save a state; False when the store holds it already, or a later one that followed it.

    Raise RecoveryError STATE_FOREIGN for another lineage, or the error of the last try.
    """
    for nap in (*naps, None):
        try:
            if _is_saved(text, state.read()):
                return False
            push(text)
        except PurveyorError as error:
            if nap is None or error.reason is ReasonCode.STATE_FOREIGN:
                raise
            time.sleep(nap)
        else:
            return True
    return False


def _is_saved(text: str, current: StateDocument | None) -> bool:
    wanted = parse_state(text, where=_WHERE)
    if current is None:
        return False
    if current.lineage and wanted.lineage and current.lineage != wanted.lineage:
        # A push to a place without a state gives it a new lineage (measured with OpenTofu 1.12.6),
        # so that what an earlier try has saved is known by its content.
        if (current.resources, current.outputs) == (wanted.resources, wanted.outputs):
            return True
        raise RecoveryError(
            "The state that could not be saved is not of the same origin as the one in its place.",
            reason=ReasonCode.STATE_FOREIGN,
            details=[f"unsaved: {wanted.lineage}", f"in its place: {current.lineage}"],
            hint="Find out which of the two describes what exists; `purveyor state rescue` and"
            " `purveyor state restore` put it in place.",
        )
    return current.serial > wanted.serial


def is_complete(text: str) -> bool:
    """Tell whether an unsaved state was written to its end; a full disk takes a part, or nothing.

    Nobody can save such a part, so that it must not keep the next runs waiting for that.
    """
    try:
        parse_state(text, where=_WHERE)
    except RecoveryError:
        return False
    return True


class StateRescue:
    """Saves states from within a step's own directory, so that its encryption holds for them."""

    def __init__(self, session: EngineSession) -> None:
        # The step's own interruption has had its signal: it would stop what saves the state.
        self._program = dataclasses.replace(session.program, interruption=Interruption())
        self._session = session
        self.lock_id = ""

    def save(self, text: str, *, free: bool, lock_id: str = "", naps: Sequence[float]) -> bool:
        """Save a state, as `save_state` does.

        `free` tells that the lock which is met is the failed step's own; `lock_id` is the only one
        that may be freed where that is not so.
        """

        def push(content: str) -> None:
            self._push(content, free=free, lock_id=lock_id)

        if parse_state(text, where=_WHERE).encrypted:
            text = decrypt(self._session, self._program, text)
        return save_state(text, state=self._session.slot.access, push=push, naps=naps)

    def free(self, lock_id: str) -> None:
        ran = self._program.call(*commands.force_unlock(lock_id), streamed=False)
        check_written(ran, "force-unlock", self._program.redactor)

    def _push(self, text: str, *, free: bool, lock_id: str) -> None:
        ran = self._program.call(*commands.state_push(), streamed=False, stdin=text)
        holder = find_lock(ran)
        if holder is not None and holder.id and (free or holder.id == lock_id):
            self.lock_id = holder.id
            self._program.call(*commands.force_unlock(holder.id), streamed=False)
            ran = self._program.call(*commands.state_push(), streamed=False, stdin=text)
        check_written(ran, "state push", self._program.redactor)


def rescue_unsaved(session: EngineSession, unsaved: Path, *, lock_left: bool) -> str:
    """Save what a step left unsaved and say so; park it and raise RecoveryError when that fails."""
    text = unsaved.read_text(encoding="utf-8", errors="replace")
    if not is_complete(text):
        raise _break_off(session, text)
    session.step.renew()  # what kept the state from being saved may be a login that had ended
    text = count_up(text, session.slot.access)
    rescue = StateRescue(session)
    try:
        rescue.save(text, free=lock_left, naps=NAPS)
    except PurveyorError as error:
        places = _keep(session, text, rescue.lock_id if lock_left else "")
        if places:
            unsaved.unlink()
        raise _lost(places or (str(unsaved),), error) from None
    unsaved.unlink()
    note = "The state could not be saved at first; it is saved now."
    session.program.listen(Noticed("warning", note))
    return note


def count_up(text: str, state: StateAccess) -> str:
    """Return an unsaved state with a serial after that of the state which it follows.

    Without room for a backup Terraform 1.11.4 leaves one that has the same, and then refuses to
    push it (measured). An encrypted one stays as it is.
    """
    try:
        current, unsaved = state.read(), parse_state(text, where=_WHERE)
    except PurveyorError:
        return text
    same = current and (current.serial, current.lineage) == (unsaved.serial, unsaved.lineage)
    document = json_text.parse(text, max_depth=256)
    if not same or unsaved.encrypted or not isinstance(document, dict):
        return text
    return json_text.write({**document, "serial": unsaved.serial + 1}, indent=2)


def free_own_lock(session: EngineSession, ran: CallResult) -> str:
    """Free the lock that an ended engine has left, and say so; what is not certain stays.

    It may be free already: a store that lost its answer is asked again by the engine, and then
    refuses (measured with DynamoDB as moto plays it, whose second DeleteItem finds nothing).
    """
    try:
        holder = session.slot.access.holder()
        if holder is None:
            return "The state's lock is free, although the engine was not told so."
        if holder.id and holder.was_taken(gethostname(), after=ran.began, before=time.time()):
            StateRescue(session).free(holder.id)
            return FREED
    except PurveyorError:
        pass
    session.changing.leave_lock()
    return ""


def save_parked(session: EngineSession) -> None:
    """Save first what earlier runs on this entity could not; raise RecoveryError if it fails."""
    recovery = session.slot.recovery
    for name in recovery.waiting() if recovery is not None else ():
        assert recovery is not None  # noqa: S101 - it has just told a name
        text = recovery.read(name)
        if text is None:
            continue
        try:
            StateRescue(session).save(
                text, free=False, lock_id=recovery.lock_of(name), naps=NAPS[:1]
            )
        except StateLockedError:
            raise
        except PurveyorError as error:
            raise RecoveryError(
                "An earlier run could not save its state, and it cannot be saved now; nothing was"
                " changed.",
                details=[f"kept as {name}", error.message, *error.details],
                hint="Mend what keeps the state from being written, then start the action again;"
                f" or save it by hand: purveyor state rescue {name.split('/')[3]}",
            ) from None
        recovery.remove(name)
        session.program.listen(
            Noticed("warning", "The state that an earlier run could not save is saved now.")
        )


def _keep(session: EngineSession, text: str, lock_id: str) -> tuple[str, ...]:
    recovery = session.slot.recovery
    try:
        if recovery is not None:
            return tuple(recovery.park(text, lock_id=lock_id))
        return (_keep_on_disk(session, text),)
    except (PurveyorError, OSError):
        return ()


def _keep_on_disk(session: EngineSession, text: str) -> str:
    session.keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^\w-]+", "-", session.slot.stamp)
    kept = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=session.keep)) / UNSAVED
    kept.touch(mode=0o600)
    kept.write_text(text, encoding="utf-8")
    return str(kept)


def _break_off(session: EngineSession, text: str) -> RecoveryError:
    details = []
    if text.strip():
        with contextlib.suppress(OSError):
            details.append(f"the part that was written is kept in {_keep_on_disk(session, text)}")
    return RecoveryError(
        "The state could not be written to its end after the change, not even to this machine's"
        " disk: what exists may not be in the state.",
        details=details,
        hint=LOOK_FIRST,
    )


def _lost(places: Sequence[str], error: PurveyorError) -> RecoveryError:
    return RecoveryError(
        "The state could not be saved after the change; it is kept and holds what exists now.",
        details=[*(f"kept in {place}" for place in places), error.message, *error.details],
        hint="Mend what keeps the state from being written, then start the action again: it saves"
        " that state first. `purveyor state rescue` saves it by hand.",
    )
