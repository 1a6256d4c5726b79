"""Run Purveyor, and say on the last line of standard error what its journal's calls took."""

from __future__ import annotations

import atexit
import sys
import time
from typing import TYPE_CHECKING, Any

from purveyor import backends, json_text
from purveyor.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.record_store import RecordStore


class Clock:
    """Passes calls on; `calls` keeps each one's name, path and milliseconds."""

    calls: list[tuple[str, str, float]]

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self.calls = CALLS

    def create(self, path: str, text: str) -> bool:
        """Time a create."""
        began = time.perf_counter()
        done = self._store.create(path, text)
        return self._note("create", path, began) or done

    def put(self, path: str, text: str) -> None:
        """Time a put."""
        began = time.perf_counter()
        self._store.put(path, text)
        self._note("put", path, began)

    def read(self, path: str) -> str | None:
        """Time a read."""
        began = time.perf_counter()
        text = self._store.read(path)
        self._note("read", path, began)
        return text

    def remove(self, path: str) -> None:
        """Time a removal."""
        began = time.perf_counter()
        self._store.remove(path)
        self._note("remove", path, began)

    def paths(self, folder: str) -> Iterator[str]:
        """Time a listing."""
        began = time.perf_counter()
        found = list(self._store.paths(folder))
        self._note("paths", folder, began)
        return iter(found)

    def __getattr__(self, name: str) -> object:
        """Pass on what is not timed."""
        return getattr(self._store, name)

    def _note(self, name: str, path: str, began: float) -> bool:
        self.calls.append((name, path, (time.perf_counter() - began) * 1000))
        return False


CALLS: list[tuple[str, str, float]] = []


def clocked(*given: Any, **more: Any) -> Clock | None:
    """Return the records that are chosen behind a clock."""
    found = CHOOSE(*given, **more)
    return None if found is None else Clock(found)


CHOOSE = backends.choose_records
backends.choose_records = clocked  # what is measured is what runs


@atexit.register
def tell() -> None:
    """Print the calls."""
    sys.stderr.write(json_text.write([list(each) for each in CALLS]) + "\n")


main()
