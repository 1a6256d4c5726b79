"""What records such as the journal's need of a store: a few things that any object store can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class RecordStore(Protocol):
    """Texts under paths such as `journal/open/<action id>`.

    Every method raises RecoveryError STATE_UNREADABLE or CredentialsError when the store refuses;
    what was asked may have been done all the same.
    """

    def create(self, path: str, text: str) -> bool:
        """Write a text where there is none; False when there is one. Of several, one wins."""

    def put(self, path: str, text: str) -> None:
        """Write a text, over what is there."""

    def read(self, path: str) -> str | None:
        """Return a text; None when there is none."""

    def remove(self, path: str) -> None:
        """Remove a text; nothing happens when there is none."""

    def paths(self, folder: str) -> Iterator[str]:
        """Yield every path below a folder, in any order."""

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        """Yield every path below a folder, and when it was written, in seconds since 1970."""

    def age(self, path: str) -> float | None:
        """Return how long ago a text was written, in seconds by the store's own clock.

        None when there is none, or where the store does not tell.
        """
