"""All states, one after the other, each with what a look into it adds."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError, ReasonCode
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from purveyor.backends import Backend
    from purveyor.backends.model import ListedState
    from purveyor.lock import Lock
    from purveyor.state_key import StateDocument

_AT_ONCE = 8
_AHEAD = 4 * _AT_ONCE


@dataclass(frozen=True, slots=True)
class Look:
    """What is inside one state: None when it vanished meanwhile; `fault` when it is unreadable."""

    document: StateDocument | None
    lock: Lock | None
    fault: PurveyorError | None = None


def look_into(
    backend: Backend, states: Iterator[ListedState]
) -> Iterator[tuple[ListedState, Look]]:
    """Read each state and its lock, several at once, and tell them in the order they came in.

    An unreadable state is told like the others; a backend that is out of reach ends it all.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting: deque[tuple[ListedState, Future[Look]]] = deque()
        first = next(states, None)
        if first is None:
            return
        # Alone, so that what the backend opens once is not opened by several at once.
        yield first, _look(backend, first)
        for state in states:
            waiting.append((state, pool.submit(_look, backend, state)))
            if len(waiting) > _AHEAD:
                yield _settle(*waiting.popleft())
        while waiting:
            yield _settle(*waiting.popleft())


def _settle(state: ListedState, look: Future[Look]) -> tuple[ListedState, Look]:
    return state, look.result()


def _look(backend: Backend, state: ListedState) -> Look:
    access = backend.access(StateKey(state.path, exists=True))
    holder = None if state.locked is False else access.holder()
    try:
        return Look(access.read(), holder)
    except PurveyorError as error:
        if error.reason is not ReasonCode.STATE_UNREADABLE:
            raise
        return Look(None, holder, error)
