"""Records beside states in S3, Azure and Google: objects, created by a condition that one meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.azure_container import Container
    from purveyor.backends.bucket import Bucket
    from purveyor.backends.gcs_bucket import GoogleBucket


class ObjectRecords:
    """Texts in the objects of one place. Each method is one request, as a rule."""

    def __init__(self, objects: Bucket | Container | GoogleBucket) -> None:
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
