"""What states and records need of a store of objects, and what one tells of an object."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from purveyor.dataclass import dataclass
from purveyor.record_store import RecordStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from purveyor.backends.model import StateVersion


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One entry of a listing."""

    path: str
    size: int  # in bytes
    modified: datetime | None
    locked: bool | None = None  # None where a listing does not tell


class ObjectStore(RecordStore, Protocol):
    """Texts under paths below a prefix: states, and the records beside them.

    Each method is one request, as a rule, and raises what a RecordStore's does.
    """

    has_placeholders: bool = False
    """Whether an empty object is what an engine leaves for its first lock, and no state."""

    def objects(self, begin: str) -> Iterator[StoredObject]:
        """Yield what begins so, in the order of its letters, while pages come in.

        An empty text is the whole prefix.
        """

    def versions(self, path: str) -> Sequence[StateVersion]:
        """Return an object's versions, newest first."""

    def version(self, path: str, version_id: str) -> str:
        """Return the text of one version; raise RecoveryError STATE_MISSING."""

    def unversioned(self) -> str:
        """Say in one sentence why no earlier versions are kept; empty when they are."""

    def paths(self, folder: str) -> Iterator[str]:
        return (each.path for each in self.objects(f"{folder}/"))

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        for each in self.objects(f"{folder}/"):
            yield each.path, each.modified.timestamp() if each.modified else 0.0


def read_date(text: str | None) -> datetime | None:
    """Read a header such as `Date` (RFC 9110, section 5.6.7); None for anything else."""
    try:
        return parsedate_to_datetime(text or "")
    except ValueError:
        return None


def find_age(written: datetime | None, answered: str | None) -> float | None:
    """Return the seconds between a write and an answer's `Date`; None where one is not told.

    Both are the store's own: machines' clocks are not compared.
    """
    now = read_date(answered)
    return None if written is None or now is None else (now - written).total_seconds()
