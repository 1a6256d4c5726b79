"""What the use cases about states ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.state_key import StateKey
    from purveyor.step import BackendBlock


class Writer(Protocol):
    """Writes states under the backend's own lock."""

    def push(self, block: BackendBlock, text: str) -> None:
        """Write a state, never by force. Raise StateLockedError or EngineError."""


@runtime_checkable
class Markers(Protocol):
    """A backend that can keep a note beside a state, and list whatever lies in it."""

    def paths(self) -> Iterator[str]:
        """Tell the path of everything below the backend's prefix."""

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Return the note; None when there is none."""

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the note that a state has moved, in place of an earlier one."""

    def unmark_moved(self, key: StateKey) -> None:
        """Remove the note; nothing happens when there is none."""


@runtime_checkable
class Creators(Protocol):
    """A backend that takes a state which no engine can write for us, since it is encrypted."""

    def create(self, key: StateKey, text: str) -> bool:
        """Write a state as it is where there is none; False when there is one."""
