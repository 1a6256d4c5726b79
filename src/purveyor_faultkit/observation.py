"""What is to be seen after a fault, and which promises are broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# Why a run may rightly refuse after a fault: somebody has to look first.
REFUSALS = frozenset(
    {"STATE_LOCKED", "NEEDS_RECOVERY", "STATE_MISSING", "STATE_UNREADABLE", "RUNNING_ELSEWHERE"}
)
FINISHED = frozenset({"success", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Observation:
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
    """The next run: exit code, reason code, what then existed twice, what its state held.

    `exists` counts what really is then, `torn` names what was torn down at any time, `locked`
    tells whether a lock is left. There is no next run when a service is deleted: `reason` is empty.
    `unsettled` is what an update that asks for nothing changed after a next run that worked.
    """

    code: int
    reason: str
    doubled: tuple[str, ...]
    state: tuple[str, ...]
    exists: Mapping[str, int] = field(default_factory=dict)
    torn: tuple[str, ...] = ()
    locked: bool = False
    unsettled: str = ""


def find_broken(
    observation: Observation, following: NextRun, *, wanted: Collection[str] | None = None
) -> list[str]:
    """Name the promises that do not hold, one line each; empty when all do.

    `wanted` names what is to exist in the end, and must never be torn down; None is not checked.
    """
    refused = following.code != 0 and following.reason in REFUSALS
    saved = following.state  # a state that was parked is saved by the next run
    lost = [
        each
        for each in observation.missing
        if each not in observation.messages and each not in saved
    ]
    checks = {
        f"the platform still shows {observation.status}": observation.status not in FINISHED,
        f"built twice: {', '.join(following.doubled)}": bool(following.doubled),
        f"exists, in no state, named nowhere: {', '.join(lost)}": bool(lost) and not refused,
        f"the next run ended with {following.code} {following.reason}": (
            following.code != 0 and not refused
        ),
        f"an update that asks for nothing changed {following.unsettled}": bool(following.unsettled),
    }
    if wanted is not None:
        checks |= _compare(observation, following, set(wanted))
    return [text for text, broken in checks.items() if broken]


def _compare(observation: Observation, following: NextRun, wanted: set[str]) -> dict[str, bool]:
    was, then = _existing(observation.exists), _existing(following.exists)
    torn = sorted(wanted & set(following.torn))
    told, well = observation.status == "success", following.code == 0
    return {
        f"success was told of: {_list(was)}; in the state: {_list(observation.state)}": (
            told and (was != wanted or set(observation.state) != wanted)
        ),
        f"torn down, but wanted: {_list(torn)}": bool(torn),
        f"left by a next run that worked: {_list(then)}; in the state: {_list(following.state)}": (
            well and (then != wanted or set(following.state) != wanted)
        ),
        "a lock is left by a next run that worked": well and following.locked,
    }


def _existing(counted: Mapping[str, int]) -> set[str]:
    return {name for name, count in counted.items() if count > 0}


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
