"""A person's terminal, or a plain log of a CI that we do not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.ci.log import Log
from purveyor.ci.model import Tone
from purveyor.ci.plain import join_plain

if TYPE_CHECKING:
    from purveyor.ci.console import Console
    from purveyor.settings import Settings

_COLOURS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.CAREFUL: "yellow", Tone.QUIET: "bright_black"}


class Terminal(Log):
    """Plain lines; one live line only where a person reads, colours also where they are forced."""

    name = "terminal"

    def __init__(self, console: Console, settings: Settings) -> None:
        super().__init__(console, settings)
        self._live = console.interactive and settings.text("TERM") != "dumb"
        self._coloured = settings.text("NO_COLOR") is None and (
            self._live or settings.text("FORCE_COLOR") is not None
        )

    def paint(self, line: str, tone: Tone) -> str:
        if not self._coloured or tone not in _COLOURS:
            return line
        import click

        return click.style(line, fg=_COLOURS[tone])

    def live(self, text: str) -> bool:
        if self._live:
            self._console.passing(join_plain(text))
        return self._live
