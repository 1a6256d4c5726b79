"""Everything about one state, and the texts of its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError
from purveyor.state_key import IDENTITY_OUTPUT
from purveyor.states.content import read_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.backends import Backend
    from purveyor.backends.model import StateVersion
    from purveyor.lock import Lock
    from purveyor.state_key import StateKey
    from purveyor.states.content import Content
    from purveyor.states.entity import StateTarget


@dataclass(frozen=True, slots=True)
class StateDetails:
    """One state; `content` is None, and `fault` says why, when it cannot be read."""

    target: StateTarget
    content: Content | None
    fault: PurveyorError | None
    holder: Lock | None
    versions: Sequence[StateVersion]
    unversioned: str

    @property
    def stamp(self) -> str:
        """Whose state it says to be; empty when it does not say."""
        return read_stamp(self.content) if self.content else ""


def inspect_state(target: StateTarget, backend: Backend) -> StateDetails:
    """Look at a state from all sides; raise RecoveryError STATE_MISSING when there is none."""
    key = target.key
    content, fault = None, None
    try:
        content = read_current(backend, key)
    except PurveyorError as error:
        if error.reason is not ReasonCode.STATE_UNREADABLE:
            raise
        fault = error
    if content is None and fault is None:
        raise missing(key)
    return StateDetails(
        target,
        content,
        fault,
        holder=backend.holder(key),
        versions=backend.versions(key),
        unversioned=backend.unversioned(),
    )


def read_current(backend: Backend, key: StateKey) -> Content | None:
    """Read the state as it is now; None when there is none."""
    text = backend.text(key)
    return None if text is None else read_content(text, where=key.path)


def read_stamp(content: Content) -> str:
    """Return whose state it says to be; empty when it does not say."""
    stamp = content.document.outputs.get(IDENTITY_OUTPUT)
    return stamp.value if stamp is not None and isinstance(stamp.value, str) else ""


def missing(key: StateKey) -> RecoveryError:
    return RecoveryError(
        f"There is no state at {key.path}.",
        reason=ReasonCode.STATE_MISSING,
        hint="`purveyor state list` shows all; `history` with the key shows a removed one's past.",
    )
