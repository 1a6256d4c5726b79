"""What a CI says of one of its runs."""

from __future__ import annotations

from purveyor.dataclass import dataclass

SECONDS = 10.0
"""How long one question to a CI may take: a sweep asks many."""


@dataclass(frozen=True, slots=True)
class RunState:
    """Whether a run lives: True, False, or None where nobody could tell.

    `conclusion` is how it ended in the CI's own word, or why that is not known; `url` is the
    page on which a person can look.
    """

    alive: bool | None
    conclusion: str
    url: str = ""

    @property
    def dead(self) -> bool | None:
        """Whether it has certainly ended; None for unknown."""
        return None if self.alive is None else not self.alive
