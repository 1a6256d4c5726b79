"""Records beside states in S3, Azure and Google: objects, created by a condition that one meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


class Objects(Protocol):
    """A bucket or container, below its prefix; each method is one request, as a rule."""

    def create(self, path: str, text: str) -> bool:
        """Write an object if there is none."""

    def put(self, path: str, text: str) -> None:
        """Write an object."""

    def read(self, path: str) -> str | None:
        """Return an object's text; None when there is none."""

    def delete(self, path: str) -> object:
        """Delete an object."""

    def age(self, path: str) -> float | None:
        """Return how long ago an object was written, in seconds by the store's clock."""

    def dated(self, start: str) -> Iterator[tuple[str, float]]:
        """Yield the paths that begin so, each with when it was written."""


class ObjectRecords:
    """Texts in the objects of one place."""

    def __init__(self, objects: Objects) -> None:
        self.create = objects.create
        self.put = objects.put
        self.read = objects.read
        self.age = objects.age
        self._objects = objects

    def remove(self, path: str) -> None:
        """Delete an object."""
        self._objects.delete(path)

    def paths(self, folder: str) -> Iterator[str]:
        """List the objects below a folder."""
        return (path for path, _ in self.dated(folder))

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        """List the same, with their times."""
        return self._objects.dated(f"{folder}/")
