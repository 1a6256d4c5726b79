"""What is to be seen after a fault, and which promises are broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FINISHED = frozenset({"success", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: the platform's status and messages, the lock, the state, and what exists.

    `state` maps each resource in it to whether it is tainted; `exists` counts what really is.
    """

    status: str
    messages: str
    locked: bool
    state: Mapping[str, bool]
    exists: Mapping[str, int]

    @property
    def missing(self) -> list[str]:
        """Name what exists and is in no state."""
        return sorted(n for n, count in self.exists.items() if count > 0 and n not in self.state)


@dataclass(frozen=True, slots=True)
class NextRun:
    """How the next run went: exit code, reason code, and what then existed twice."""

    code: int
    reason: str
    doubled: tuple[str, ...]


def find_broken(sight: Sight, following: NextRun) -> list[str]:
    """Name the promises that do not hold, one line each; empty when all do."""
    refused = bool(following.code and following.reason)
    lost = [each for each in sight.missing if each not in sight.messages]
    checks = {
        f"the platform still shows {sight.status}": sight.status not in FINISHED,
        f"built twice: {', '.join(following.doubled)}": bool(following.doubled),
        f"exists, in no state, named nowhere: {', '.join(lost)}": bool(lost) and not refused,
        f"the next run ended with {following.code} and no reason": bool(
            following.code and not following.reason
        ),
    }
    return [text for text, broken in checks.items() if broken]
