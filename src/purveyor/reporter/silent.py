"""The reporter that tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.reporter.model import Heard, Standing

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.outcome import Outcome


class SilentReporter:
    """For `--no-report`, where nobody is to hear; or, with `wanted`, where nobody can be told.

    `why` is said once, in the standing's note, and again at the end when reporting was wanted.
    """

    def __init__(
        self,
        why: str = "Reporting is switched off: the platform is not told.",
        *,
        wanted: bool = False,
    ) -> None:
        self._why = why
        self._wanted = wanted

    def prepare(self, context: ActionContext) -> None:
        """Ask nothing."""

    def read_standing(self, context: ActionContext) -> Standing:
        """Know nothing."""
        del context
        level = "warning" if self._wanted else "info"
        return Standing(None, None, None, asked=False, note=self._why, level=level)

    def read_links(self, context: ActionContext) -> None:
        """Know nothing."""

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        """Say nothing."""

    def say(self, context: ActionContext, level: str, text: str) -> None:
        """Say nothing."""

    def end(self, context: ActionContext, outcome: Outcome) -> Heard:
        """Say nothing; that is unheard only where reporting was wanted."""
        del context, outcome
        return Heard(not self._wanted, (self._why,) if self._wanted else ())
