"""What an account's login gives a run, and how long it lasts."""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.durations import tell_age, tell_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.credentials.renewal import KeptFile
    from purveyor.settings import Settings

# A database instance may take 40 minutes, the provider's own limit for making one
# (`aws_db_instance`, "Timeouts"), and the plan comes before it.
LONG_APPLY = 2700.0
"""Seconds that an apply may well take."""


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """What a login gives: variables for an engine, and which of their values are secret.

    `expires` is an ISO 8601 time in UTC; empty where they renew themselves or never end. `notes`
    are sentences for the run's log. `kept` are files that a `Renewal` is to keep fresh.
    """

    environment: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    expires: str
    notes: tuple[str, ...] = ()
    kept: tuple[KeptFile, ...] = ()


def warn_of_short(
    credentials: AccountCredentials, now: float, *, settings: Settings, limit: float | None = None
) -> str:
    """Return a sentence when a login may end before the run does; else nothing.

    The account's login, or the run's own, which states need to the last. `now` is in seconds since
    1970; `limit` is the run's own time limit in seconds, without which it may take `LONG_APPLY`.
    """
    ends = {
        "The account's login": _read_time(credentials.expires),
        "The run's own AWS login": own_end(settings),
    }
    known = {whose: end for whose, end in ends.items() if end is not None}
    if not known:
        return ""
    whose = min(known, key=lambda each: known[each])
    left, wanted = known[whose] - now, limit or LONG_APPLY
    if left >= wanted:
        return ""
    may = "the run may take" if limit else "a long apply takes"
    return (
        f"{whose} ends in {tell_age(left)} and cannot be renewed,"
        f" and {may} {tell_duration(wanted)}:"
        " log in for longer, or with an identity token of the CI, which is renewed."
    )


def own_end(settings: Settings) -> float | None:
    """Return when the run's own session in AWS ends for good, in seconds since 1970, if known."""
    if settings.first("AWS_SESSION_TOKEN", "PURVEYOR_AWS_SESSION") is None:
        return None
    return _read_time(settings.text("AWS_CREDENTIAL_EXPIRATION") or "")


def as_text(seconds: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_time(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
