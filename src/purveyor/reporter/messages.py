"""What a developer reads on the platform's page: few messages, short, without secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.outcome import Status
from purveyor.plan import count_changes
from purveyor.reporter.developer import tell_failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from purveyor.json_text import JsonValue
    from purveyor.outcome import Outcome
    from purveyor.redaction import Redactor

LONGEST = 1000
MOST = 50
_FOR_THE_END = 15
_DETAIL_BLOCKS = 6
_LEVELS = frozenset({"debug", "info", "information", "warn", "warning", "error", "fatal"})
_URGENT = frozenset({"warn", "warning", "error", "fatal"})
_ESCAPES = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


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
