"""What we ask of a CI."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tone(StrEnum):
    """How a line is meant; shown as a colour where there are colours, else not at all."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    CAREFUL = "careful"
    QUIET = "quiet"


class CI(Protocol):
    """The service around us. Nothing here fails: what cannot be written is noted once on stderr.

    Text may be foreign and hold anything; it never becomes a command of the vendor's. Secrets are
    the caller's part: text comes redacted. No CI is asked to hide one: the command for it holds the
    secret in clear, and whoever reads our output instead of the CI would have it.
    """

    @property
    def name(self) -> str:
        """`github`, `gitlab`, `azure` or `terminal`."""

    def say(self, text: str, *, tone: Tone = Tone.PLAIN) -> None:
        """Write text, line by line."""

    def live(self, text: str) -> bool:
        """Show a passing line, overwritten by the next; False where lines cannot pass."""

    def annotate(self, level: str, text: str, *, title: str = "") -> None:
        """Make `text` stand out; `level` is `info`, `warning` or `error`."""

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Hand public values on to the pipeline's later steps."""

    def write_summary(self, markdown: str) -> None:
        """Put a page beside the run. Foreign text inside must already be escaped."""

    def run_url(self) -> str:
        """Return the run's web address; empty when there is none."""
