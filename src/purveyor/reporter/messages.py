"""What a developer reads on the platform's page: few messages, short, without secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode
from purveyor.outcome import Status
from purveyor.plan import count_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from purveyor.json_text import JsonValue
    from purveyor.outcome import Outcome
    from purveyor.redaction import Redactor

# These are about what the developer asked for: he reads the error's own words, with its details.
ASKED = frozenset({ReasonCode.PARAMETER_INVALID, ReasonCode.LINKS_REMAIN})

_TEAM = "Ask the platform team: the run's log says more."
_LOOK = "Ask the platform team to look before the action is started again."
_AGAIN = "Start the action again when you want it: it goes on from what is done."
_SETUP = "The platform team's setup for this {what} has a fault."
_DOUBT = "What exists and what is known of it may differ, so that a person has to look first."

# Commands, paths, hosts, keys and locks are the platform team's: they stand in the run's log.
# Where the sentence is empty, the error's own is told.
_SAID = {
    ReasonCode.CONTEXT_INVALID: "The pipeline cannot read what the platform sent.",
    ReasonCode.CONTEXT_UNSUPPORTED: "An action of this kind is not served.",
    ReasonCode.CATALOG_INVALID: _SETUP,
    ReasonCode.LIBRARY_MISSING: _SETUP,
    ReasonCode.MODULE_NOT_FOUND: "Nothing is set up yet for a {what} of this kind.",
    ReasonCode.MODULE_INVALID: _SETUP,
    ReasonCode.ACTION_UNKNOWN: "Nothing is set up yet for this action.",
    ReasonCode.GUARD_DENIED: "What is protected would be deleted or replaced; it was left alone.",
    ReasonCode.STATE_LOCKED: "Another change of this {what} is running.",
    ReasonCode.STATE_MISSING: "Whether this {what} exists is not known.",
    ReasonCode.STATE_AMBIGUOUS: _DOUBT,
    ReasonCode.STATE_FOREIGN: _DOUBT,
    ReasonCode.STATE_UNREADABLE: "What is known of this {what} cannot be read now.",
    ReasonCode.RETAINED: "",
    ReasonCode.STATE_NOT_EMPTY: "Not all of this {what} could be deleted.",
    ReasonCode.ENGINE_NOT_FOUND: _SETUP,
    ReasonCode.ENGINE_FAILED: "",
    ReasonCode.ACTION_FAILED: "The action's program failed.",
    ReasonCode.QUOTA_EXCEEDED: "The cloud account has reached a limit.",
    ReasonCode.NAME_TAKEN: "Something with this name exists already.",
    ReasonCode.PROVIDER_UNAVAILABLE: "A service that is needed for this did not answer properly.",
    ReasonCode.PERMISSION_DENIED: "The run lacks a right that it needs for this.",
    ReasonCode.CREDENTIALS_INVALID: "The run could not log in where this is built.",
    ReasonCode.CREDENTIALS_EXPIRED: "The run's login ended before the work did.",
    ReasonCode.PLATFORM_UNREACHABLE: "The platform could not be asked or told.",
    ReasonCode.PLATFORM_REFUSED: "The platform refused what it was asked or told.",
    ReasonCode.STATUS_UNKNOWN: "The platform shows this action in a new way.",
    ReasonCode.CANCELLED: "The run was stopped, as asked.",
    ReasonCode.TIMED_OUT: "The run reached its time limit and was stopped.",
    ReasonCode.RUNNER_LOST: "The run was lost; how far it came is not known.",
    ReasonCode.RUN_NOT_STARTED: "",
    ReasonCode.NEEDS_RECOVERY: _DOUBT,
    ReasonCode.INTERNAL: "The run met a fault of its own and stopped.",
}
_STEPS = {
    ReasonCode.GUARD_DENIED: "Undo the value that asks for it, or ask the platform team.",
    ReasonCode.STATE_LOCKED: "Try again later, when it has ended.",
    ReasonCode.STATE_MISSING: _LOOK,
    ReasonCode.STATE_AMBIGUOUS: _LOOK,
    ReasonCode.STATE_FOREIGN: _LOOK,
    ReasonCode.STATE_NOT_EMPTY: _LOOK,
    ReasonCode.NEEDS_RECOVERY: _LOOK,
    ReasonCode.QUOTA_EXCEEDED: "Ask the platform team to raise it, or remove what is not needed.",
    ReasonCode.NAME_TAKEN: "Choose another name; if it is yours, ask the platform team.",
    ReasonCode.PROVIDER_UNAVAILABLE: "Try again in some minutes; then ask the platform team.",
    ReasonCode.CREDENTIALS_EXPIRED: f"{_AGAIN} If it ends so again, ask the platform team.",
    ReasonCode.CANCELLED: _AGAIN,
    ReasonCode.TIMED_OUT: f"{_AGAIN} If it ends so again, ask the platform team for more time.",
    ReasonCode.RUNNER_LOST: "Start it again; if that is refused, ask the platform team.",
    ReasonCode.RUN_NOT_STARTED: "Start it again; if that does not help, ask the platform team.",
}
LONGEST = 1000
MOST = 50
_FOR_THE_END = 15
_DETAIL_BLOCKS = 6
_LEVELS = frozenset({"debug", "info", "information", "warn", "warning", "error", "fatal"})
_URGENT = frozenset({"warn", "warning", "error", "fatal"})
_ESCAPES = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def tell_failure(outcome: Outcome, what: str) -> tuple[str, tuple[str, ...], str]:
    """Return the sentence, its details and the next step; `what` is `service` or `link`."""
    if outcome.reason in ASKED:
        return outcome.message, outcome.details, outcome.next_step
    said = _SAID.get(outcome.reason, "The action failed.").replace("{what}", what)
    return outcome.told or said or outcome.message, (), _STEPS.get(outcome.reason, _TEAM)


def is_urgent(level: str) -> bool:
    return level.lower() in _URGENT


class Messages:
    """The messages of one action that are still to be sent; at most 50 an action.

    The last 15 places are kept for how it ended.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._waiting: list[JsonValue] = []
        self._taken = 0
        self._left_out = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, level: str, text: str) -> None:
        if self._taken + len(self._waiting) >= MOST - _FOR_THE_END:
            self._left_out += 1
            return
        self._waiting.append(self._shape(level, text))

    def take(self) -> list[JsonValue]:
        taken, self._waiting = self._waiting, []
        self._taken += len(taken)
        return taken

    def give_back(self, messages: list[JsonValue]) -> None:
        self._waiting = messages + self._waiting
        self._taken -= len(messages)

    def take_all(self, ending: Iterable[tuple[str, str]]) -> list[JsonValue]:
        if self._left_out:
            left = f"{self._left_out} more messages are in the run's log."
            self._waiting.append(self._shape("info", left))
        last = [self._shape(level, text) for level, text in ending]
        return [*self.take(), *last[: _FOR_THE_END - 2]]

    def _shape(self, level: str, text: str) -> dict[str, JsonValue]:
        level = level.lower()
        return {
            "level": level if level in _LEVELS else "info",
            "message": self._clean(text) or "(no text)",
        }

    def _clean(self, text: str) -> str:
        # Redacted before it is cut: half a secret would not be found.
        plain = _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))
        return cut(self._redactor.redact(plain).strip())


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def tell_ending(outcome: Outcome, what: str) -> Iterator[tuple[str, str]]:
    """Say how an action on `what` ended: level and text, the most important first."""
    run = f"Run: {outcome.run_url}" if outcome.run_url else ""
    if outcome.status is not Status.FAILED:
        yield "info", outcome.message
        if run:
            yield "info", run
        return
    message, details, step = tell_failure(outcome, what)
    done = f" {count_changes(outcome.changes)} before it failed." if outcome.changes else ""
    yield "error", message + done
    for block in _blocks(details):
        yield "error", block
    yield "info", f"Next step: {step}"
    yield "info", "\n".join(filter(None, (f"Reason: {outcome.reason}", run)))


def _blocks(details: Iterable[str]) -> list[str]:
    """Join lines to blocks of at most 1000 characters, and at most six blocks."""
    blocks: list[str] = []
    for line in details:
        if blocks and len(blocks[-1]) + 1 + len(line) <= LONGEST:
            blocks[-1] += f"\n{line}"
        else:
            blocks.append(line)
    if len(blocks) > _DETAIL_BLOCKS:
        return [*blocks[: _DETAIL_BLOCKS - 1], "More details are in the run's log."]
    return blocks
