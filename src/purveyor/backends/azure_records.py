"""Records beside states in Azure: blobs, created by a condition that only one can meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.azure_container import Container


class AzureRecords:
    """Texts in blobs below the container's prefix. Each method is one request."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def create(self, path: str, text: str) -> bool:
        """Write a blob where there is none; of several writers Azure lets one in."""
        return self._container.create(path, text)

    def put(self, path: str, text: str) -> None:
        """Write a blob."""
        self._container.put(path, text)

    def read(self, path: str) -> str | None:
        """Return a blob's text."""
        return self._container.content(path)

    def remove(self, path: str) -> None:
        """Delete a blob."""
        self._container.delete(path)

    def age(self, path: str) -> float | None:
        """Return how long ago a blob was written, in seconds by Azure's clock."""
        return self._container.age(path)

    def paths(self, folder: str) -> Iterator[str]:
        """List the blobs below a folder."""
        for blob in self._container.blobs(f"{folder}/"):
            yield blob.path
