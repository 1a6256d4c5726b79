"""What an account's login gives a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A database instance may take 40 minutes, the provider's own limit for making one
# (`aws_db_instance`, "Timeouts"), and the plan comes before it.
LONG_APPLY = 2700.0
"""Seconds that an apply may well take."""


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """What a login gives: variables for an engine, and which of their values are secret.

    `expires` is an ISO 8601 time in UTC; empty where they renew themselves or never end. `notes`
    are sentences for the run's log.
    """

    environment: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    expires: str
    notes: tuple[str, ...] = ()


def warn_of_short(credentials: AccountCredentials, now: float) -> str:
    """Return a sentence when the credentials may end before a long apply does; else nothing.

    `now` is in seconds since 1970.
    """
    if not credentials.expires:
        return ""
    left = datetime.fromisoformat(credentials.expires).timestamp() - now
    if left >= LONG_APPLY:
        return ""
    return (
        f"The account's credentials end in {max(0, int(left // 60))} minutes, and a long apply may"
        f" take {int(LONG_APPLY // 60)}: set `session_seconds` in the catalog, if the role allows."
    )
