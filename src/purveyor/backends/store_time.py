"""How long ago a store wrote something, by its own clock: machines' clocks are not compared."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def read_date(text: str | None) -> datetime | None:
    """Read a header such as `Date` (RFC 9110, section 5.6.7); None for anything else."""
    try:
        return parsedate_to_datetime(text or "")
    except ValueError:
        return None


def find_age(written: datetime | None, answered: str | None) -> float | None:
    """Return the seconds between a write and an answer's `Date`; None where one is not told."""
    now = read_date(answered)
    return None if written is None or now is None else (now - written).total_seconds()
