"""A log in which the CI takes some lines for commands: plain text, folds, cut messages."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from purveyor.ci.model import Tone
from purveyor.ci.plain import join_plain, split_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.ci.console import Console

# GitHub's runner cuts messages at 4096 characters (its source); Azure's limit is not documented.
_MESSAGE = 4000


class CommandLog:
    """What GitHub's and Azure's logs have in common.

    `neutralise` makes a plain line one in which the CI finds no command; `fold` makes a title the
    line that begins a fold, and `unfold` is the line that ends it.
    """

    def __init__(
        self,
        console: Console,
        *,
        neutralise: Callable[[str], str],
        fold: Callable[[str], str],
        unfold: str,
    ) -> None:
        self._console = console
        self._neutralise = neutralise
        self._fold = fold
        self._unfold = unfold

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        """Fold a group."""
        self._console.line(self._fold(self.shield(title)))
        try:
            yield
        finally:
            self._console.line(self._unfold)

    def say(self, text: str, *, tone: Tone = Tone.PLAIN) -> None:
        """Write lines that hold no command."""
        del tone
        for line in split_plain(text):
            self._console.line(self._neutralise(line))

    def live(self, text: str) -> bool:
        """Decline: a log has no passing lines."""
        del text
        return False

    def shield(self, text: str) -> str:
        """Return text as one plain line without a command."""
        return self._neutralise(join_plain(text))

    def shorten(self, text: str) -> str:
        """Return text as plain lines without commands, cut where it is too long for a message."""
        message = "\n".join(self._neutralise(line) for line in split_plain(text))
        return f"{message[:_MESSAGE]} ... (cut)" if len(message) > _MESSAGE else message
