"""A person's terminal, or a plain log of a CI that we do not know."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.ci.model import Tone
from purveyor.ci.plain import join_plain, split_plain
from purveyor.ci.summary_file import append_summary
from purveyor.ci.wording import TONES, word_annotation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.ci.console import Console
    from purveyor.settings import Settings

_COLOURS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.CAREFUL: "yellow", Tone.QUIET: "bright_black"}


class Terminal:
    """Plain lines; one live line only where a person reads, colours also where they are forced."""

    name = "terminal"

    def __init__(self, console: Console, settings: Settings) -> None:
        self._console = console
        self._settings = settings
        self._live = console.interactive and settings.text("TERM") != "dumb"
        self._coloured = settings.text("NO_COLOR") is None and (
            self._live or settings.text("FORCE_COLOR") is not None
        )

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Head what follows."""
        self._write(join_plain(title), Tone.QUIET)
        yield

    def say(self, text: str, *, tone: Tone = Tone.PLAIN) -> None:
        """Write lines."""
        for line in split_plain(text):
            self._write(line, tone)

    def live(self, text: str) -> bool:
        """Show a passing line when a person reads."""
        if self._live:
            self._console.passing(join_plain(text))
        return self._live

    def annotate(self, level: str, text: str, *, title: str = "") -> None:
        """Write `error: ...` in colour."""
        self.say(word_annotation(level, text, title), tone=TONES.get(level, Tone.PLAIN))

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Do nothing: nobody takes them on."""

    def write_summary(self, markdown: str) -> None:
        """Append to the file of PURVEYOR_SUMMARY, if one is named."""
        path = self._settings.text("PURVEYOR_SUMMARY")
        if path is not None:
            append_summary(self._console, Path(path), markdown)

    def run_url(self) -> str:
        """Return PURVEYOR_RUN_URL."""
        return self._settings.text("PURVEYOR_RUN_URL") or ""

    def _write(self, line: str, tone: Tone) -> None:
        if self._coloured and tone in _COLOURS:
            import click

            line = click.style(line, fg=_COLOURS[tone])
        self._console.line(line)
