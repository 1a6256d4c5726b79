"""Where the states and the records of one catalog lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.journal import Capsules

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.backends import Backend
    from purveyor.entity import EntityRef
    from purveyor.journal import Journal
    from purveyor.record_store import RecordStore
    from purveyor.step import Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Opened once for an action."""

    backend: Backend
    store: RecordStore | None  # None where no store can keep records
    journal: Journal | None  # None also for a run that may be repeated
    open_recovery: Callable[[EntityRef, str, str], Recovery]  # keeps states that cannot be saved

    @property
    def capsules(self) -> Capsules | None:
        return None if self.store is None else Capsules(self.store)
