"""A held lock: who has it, since when, for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lock:
    """What a backend tells of the holder of a state's lock; empty strings where it tells nothing.

    `created` is an ISO 8601 time in UTC.
    """

    id: str
    who: str = ""
    operation: str = ""
    created: str = ""
    path: str = ""
    version: str = ""
