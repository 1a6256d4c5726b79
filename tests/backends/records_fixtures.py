"""Every way to records, and what each raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.errors import PurveyorError

if TYPE_CHECKING:
    from purveyor.record_store import RecordStore

PATH = "journal/open/a-1"


def refusals_of(records: RecordStore | None) -> list[PurveyorError]:
    """Return the error of each method."""
    assert records is not None
    found = []
    for attempt in (
        lambda: records.create(PATH, "x"),
        lambda: records.put(PATH, "x"),
        lambda: records.read(PATH),
        lambda: records.remove(PATH),
        lambda: records.age(PATH),
        lambda: list(records.paths("journal/open")),
        lambda: list(records.dated("journal/open")),
    ):
        with pytest.raises(PurveyorError) as caught:
            attempt()
        found.append(caught.value)
    return found
