"""Records beside states in S3: objects, created by a condition that only one can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.bucket import Bucket


class BucketRecords:
    """Texts in objects below the bucket's prefix. Each method is one request."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def create(self, path: str, text: str) -> bool:
        """Write an object where there is none; of several writers S3 lets one in."""
        return self._bucket.create(path, text)

    def put(self, path: str, text: str) -> None:
        """Write an object."""
        self._bucket.put(path, text)

    def read(self, path: str) -> str | None:
        """Return an object's text."""
        return self._bucket.content(path)

    def remove(self, path: str) -> None:
        """Delete an object."""
        self._bucket.delete(path)

    def age(self, path: str) -> float | None:
        """Return how long ago an object was written, in seconds by S3's clock."""
        return self._bucket.age(path)

    def paths(self, folder: str) -> Iterator[str]:
        """List the objects below a folder."""
        for path, _ in self._bucket.objects(f"{folder}/"):
            yield path
