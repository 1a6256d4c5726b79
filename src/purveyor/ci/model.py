"""What we ask of a CI, and what all have in common: a log of plain lines."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.ci.plain import join_plain, split_plain
from purveyor.ci.summary import append_summary
from purveyor.run_identity import name_person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.ci.console import Console
    from purveyor.settings import Settings


class Tone(StrEnum):
    """How a line is meant; shown as a colour where there are colours, else not at all."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    CAREFUL = "careful"
    QUIET = "quiet"


_TONES = {"error": Tone.BAD, "warning": Tone.CAREFUL}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# GitHub's runner cuts messages at 4096 characters (its source); Azure's limit is not documented.
_MESSAGE = 4000


class CI:
    """The service around us; a vendor's class says what differs there.

    Nothing here fails: what cannot be written is noted once on stderr. Text may be foreign and hold
    anything; it never becomes a command of the vendor's. Secrets are the caller's part: text comes
    redacted. No CI is asked to hide one: the command for it holds the secret in clear, and whoever
    reads our output instead of the CI would have it.
    """

    name = ""  # `github`, `gitlab`, `azure` or `terminal`
    gate = ""  # what lets a person allow a job there; empty where there is none

    def __init__(self, console: Console, settings: Settings) -> None:
        self._console = console
        self._settings = settings

    def neutralise(self, line: str) -> str:
        """Return a plain line in which the vendor finds no command."""
        return line

    def paint(self, line: str, tone: Tone) -> str:
        del tone
        return line

    def say(self, text: str, *, tone: Tone = Tone.PLAIN) -> None:
        for line in split_plain(text):
            self._console.line(self.paint(self.neutralise(line), tone))

    def live(self, text: str) -> bool:
        """Show a passing line, overwritten by the next; False where lines cannot pass."""
        del text
        return False

    def annotate(self, level: str, text: str, *, title: str = "") -> None:
        """Make `text` stand out, its further lines indented.

        `level` is `info`, `warning` or `error`.
        """
        head = f"{level}: " if level in _TONES else ""
        lines = split_plain(f"{title}: {text}" if title else text)
        self.say(head + "\n  ".join(lines), tone=_TONES.get(level, Tone.PLAIN))

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Hand public values on to the pipeline's later steps, where any takes them on."""

    def write_summary(self, markdown: str) -> None:
        """Put a page beside the run, in a file if one is named; foreign text in it is escaped."""
        path = self._settings.text("PURVEYOR_SUMMARY")
        if path is not None:
            append_summary(self._console, Path(path), markdown)

    def approver(self) -> str:
        """Return who has allowed this run, as far as the CI tells."""
        return f"{self.gate} of {self.run_url() or 'this run'}" if self.gate else name_person()

    def run_url(self) -> str:
        """Return the run's web address; empty when there is none."""
        return self._settings.text("PURVEYOR_RUN_URL") or ""

    def shorten(self, text: str) -> str:
        """Return text as plain lines without commands, cut where it is too long for a message."""
        message = "\n".join(self.neutralise(line) for line in split_plain(text))
        return f"{message[:_MESSAGE]} ... (cut)" if len(message) > _MESSAGE else message

    def shield(self, text: str) -> str:
        """Return text as one plain line without a command."""
        return self.neutralise(join_plain(text))


def sort_names(values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the outputs whose names every vendor takes, and the other names."""
    good = {name: value for name, value in values.items() if _NAME.fullmatch(name)}
    return good, [name for name in values if name not in good]
