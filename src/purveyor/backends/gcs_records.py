"""Records beside states in Google's: objects, created by a condition that only one can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.gcs_bucket import GoogleBucket


class GoogleRecords:
    """Texts in objects below the bucket's prefix. Each method is one request, as a rule."""

    def __init__(self, bucket: GoogleBucket) -> None:
        self._bucket = bucket

    def create(self, path: str, text: str) -> bool:
        """Write an object where there is none; of several writers Google lets one in."""
        return self._bucket.create(path, text)

    def put(self, path: str, text: str) -> None:
        """Write an object."""
        self._bucket.put(path, text)

    def read(self, path: str) -> str | None:
        """Return an object's text."""
        found = self._bucket.content(path)
        return None if found is None else found.text

    def remove(self, path: str) -> None:
        """Delete an object."""
        self._bucket.delete(path)

    def age(self, path: str) -> float | None:
        """Return how long ago an object was written, in seconds by Google's clock."""
        return self._bucket.age(path)

    def paths(self, folder: str) -> Iterator[str]:
        """List the objects below a folder."""
        for each in self._bucket.objects(f"{folder}/"):
            yield each.path
