"""What is to be seen after a fault, and which promises are broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Why a run may rightly refuse after a fault: somebody has to look first.
REFUSALS = frozenset(
    {"STATE_LOCKED", "NEEDS_RECOVERY", "STATE_MISSING", "STATE_UNREADABLE", "RUNNING_ELSEWHERE"}
)
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
    """The next run: exit code, reason code, what then existed twice, what its state held."""

    code: int
    reason: str
    doubled: tuple[str, ...]
    state: tuple[str, ...]


def find_broken(sight: Sight, following: NextRun) -> list[str]:
    """Name the promises that do not hold, one line each; empty when all do."""
    refused = following.code != 0 and following.reason in REFUSALS
    saved = following.state  # a state that was parked is saved by the next run
    lost = [each for each in sight.missing if each not in sight.messages and each not in saved]
    checks = {
        f"the platform still shows {sight.status}": sight.status not in FINISHED,
        f"built twice: {', '.join(following.doubled)}": bool(following.doubled),
        f"exists, in no state, named nowhere: {', '.join(lost)}": bool(lost) and not refused,
        f"the next run ended with {following.code} {following.reason}": (
            following.code != 0 and not refused
        ),
    }
    return [text for text, broken in checks.items() if broken]
