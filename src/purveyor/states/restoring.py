"""Going back: an earlier version of a state becomes the newest one, under a new serial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from purveyor.dataclass import dataclass
from purveyor.errors import ReasonCode, RecoveryError, StateLockedError
from purveyor.lock import describe_lock
from purveyor.state_key import refuse_moved
from purveyor.states.content import compare, empty_state, read_content, read_current, read_stamp

if TYPE_CHECKING:
    from purveyor.backends import Backend
    from purveyor.state_key import StateKey
    from purveyor.states.content import Content, Difference
    from purveyor.states.entity import StateTarget
    from purveyor.step import BackendBlock


class Writer(Protocol):
    """Writes states under the backend's own lock."""

    def push(self, block: BackendBlock, text: str) -> None:
        """Write a state, never by force. Raise StateLockedError or EngineError."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """What going back means: `current` is None when the state is gone or cannot be read."""

    target: StateTarget
    version: str
    wanted: Content
    current: Content | None
    broken: bool
    difference: Difference

    @property
    def serial(self) -> int:
        """The serial that is written; a remote backend's engine counts one more."""
        current = self.current.document.serial if self.current else 0
        return max(current, self.wanted.document.serial) + 1


def plan_restoration(target: StateTarget, version: str, backend: Backend) -> Restoration:
    """Compare a version with the state as it is; nothing is changed.

    Raise StateLockedError, or RecoveryError for a state that has moved, and for a version that is
    unknown, unreadable, encrypted, of another lineage or another entity's.
    """
    refuse_moved(target.key, backend, target)
    check_free(target.key, backend)
    where = f"{target.key.path} (version {version[:128]})"
    wanted = read_content(_read_version(target.key, version, backend), where=where)
    broken, current = False, None
    try:
        current = read_current(backend, target.key)
    except RecoveryError as error:
        if error.reason is not ReasonCode.STATE_UNREADABLE:
            raise
        broken = True
    faults = _faults(target, wanted, current)
    if faults:
        raise RecoveryError(
            f"The version of {target.key.path} does not fit in its place.",
            reason=ReasonCode.STATE_FOREIGN,
            hint="Choose another version; `purveyor state history` lists them.",
            details=faults,
        )
    return Restoration(target, version, wanted, current, broken, compare(current, wanted))


def restore(plan: Restoration, backend: Backend, writer: Writer) -> Content:
    """Write the version as the newest one and return what is there then.

    The engine writes it under its lock and checks lineage and serial. A state that cannot be read
    is removed first, which only a backend that keeps versions allows.
    """
    key = plan.target.key
    if plan.broken:
        _clear(key, backend)
    place(plan.wanted, key, backend, writer, serial=plan.serial)
    written = read_current(backend, key)
    if written is None or written.digest != plan.wanted.digest:
        raise RecoveryError(
            f"The state {key.path} is not what was written to it.",
            hint="Somebody wrote it at the same time: look at its history before the next run.",
        )
    return written


def place(
    content: Content, key: StateKey, backend: Backend, writer: Writer, *, serial: int
) -> None:
    """Push a state; where there is none yet, an empty one first.

    A remote backend's first write gets a lineage of the engine's own, whatever was pushed, and an
    empty state may be overwritten with any lineage (both measured).
    """
    block = backend.block(key)
    if backend.read(key) is None:
        writer.push(block, empty_state(content.document.lineage))
    writer.push(block, content.with_serial(serial))


def check_free(key: StateKey, backend: Backend) -> None:
    holder = backend.holder(key)
    if holder is not None:
        raise StateLockedError(
            f"The state {key.path} is locked by {describe_lock(holder)}.",
            hint="Wait for that run to end; `purveyor state unlock` frees the lock of a dead one.",
        )


def _read_version(key: StateKey, version: str, backend: Backend) -> str:
    """Return the version's text; where nothing is kept, say why instead of asking for another."""
    try:
        return backend.read_version(key, version)
    except RecoveryError as error:
        why = backend.unversioned() if error.reason is ReasonCode.STATE_MISSING else ""
        if not why:
            raise
        raise RecoveryError(
            f"The state {key.path} has no version {version[:128]}, and its place keeps none.",
            reason=ReasonCode.STATE_MISSING,
            hint="Bring it back from a copy of the place itself, such as a backup or a snapshot.",
            details=[why],
        ) from None


def _clear(key: StateKey, backend: Backend) -> None:
    reason = backend.unversioned()
    if reason:
        raise RecoveryError(
            f"The state {key.path} cannot be read, and its place keeps no earlier ones.",
            reason=ReasonCode.STATE_UNREADABLE,
            hint="Save the damaged state, move it away by hand, and restore again.",
            details=[reason],
        )
    backend.remove(key)


def _faults(target: StateTarget, wanted: Content, current: Content | None) -> list[str]:
    faults = []
    if wanted.document.encrypted:
        faults.append("it is encrypted: only the module's own engine can write it")
    if current and not current.is_empty:
        if current.document.encrypted:
            faults.append("the state that is there now is encrypted")
        elif current.document.lineage != wanted.document.lineage:
            faults.append("its lineage is not the one of the state that is there now")
    stamp = read_stamp(wanted)
    if stamp and target.stamp and stamp != target.stamp:
        faults.append(f"it is stamped as the state of {stamp[:160]}")
    return faults
