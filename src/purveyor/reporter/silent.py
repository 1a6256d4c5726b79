"""The reporter that tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.reporter.model import ActionSnapshot, Reported

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.errors import PurveyorError
    from purveyor.outcome import Outcome


class SilentReporter:
    """For `--no-report`, where nobody is to hear; or, with `wanted`, where nobody can be told.

    `why` is said once, in the snapshot's note, and again at the end when reporting was wanted.
    With a `refusal` nothing may be done without the platform.
    """

    def __init__(
        self,
        why: str = "Reporting is switched off: the platform is not told.",
        *,
        wanted: bool = False,
        refusal: PurveyorError | None = None,
    ) -> None:
        self._why = why
        self._wanted = wanted
        self._refusal = refusal

    def prepare(self, context: ActionContext) -> None:
        del context

    def read_snapshot(self, context: ActionContext) -> ActionSnapshot:
        del context
        level = "warning" if self._wanted else "info"
        note = "" if self._refusal else self._why
        return ActionSnapshot(
            None, None, None, asked=False, note=note, level=level, refusal=self._refusal
        )

    def read_links(self, context: ActionContext) -> None:
        del context

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        del context, run_url

    def say(self, context: ActionContext, level: str, text: str) -> None:
        del context, level, text

    def end(self, context: ActionContext, outcome: Outcome) -> Reported:
        del context, outcome
        why = (self._why,) if self._wanted and not self._refusal else ()
        return Reported(not self._wanted, why)
