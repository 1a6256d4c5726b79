"""From the environment to a reporter; without credentials, to one that tells nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.client import PlatformClient, open_client, read_address, read_credentials
from purveyor.errors import CredentialsError
from purveyor.reporter.background import BackgroundReporter
from purveyor.reporter.model import ActionSnapshot, Reported, ReportTimeouts
from purveyor.reporter.pending_actions import PendingActions
from purveyor.reporter.platform_reporter import PlatformReporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext
    from purveyor.errors import PurveyorError
    from purveyor.outcome import Outcome
    from purveyor.redaction import Redactor
    from purveyor.reporter.model import Reporter
    from purveyor.settings import Settings

_NO_CREDENTIALS = "There are no credentials for the platform: it is neither asked nor told."
_GIVE_THEM = "Give an API key in NULLPLATFORM_API_KEY, or a token in NP_TOKEN"


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


def open_reporter(
    settings: Settings,
    redactor: Redactor,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    required: bool = False,
) -> Reporter:
    """Return a reporter to the platform; a silent one without credentials.

    Nothing is sent yet. Where the platform is `required`, a silent one's snapshot is a refusal. A
    silent platform is given up soon once `interrupted` says so. Raises CredentialsError for an
    address or a credential that cannot be used.
    """
    credentials = read_credentials(settings)
    if credentials is None:
        why = f"{_NO_CREDENTIALS} {_GIVE_THEM}."
        hint = f"{_GIVE_THEM}; or run with --no-report, if nobody is to hear."
        refusal = CredentialsError(_NO_CREDENTIALS, hint=hint) if required else None
        return SilentReporter(why, wanted=True, refusal=refusal)
    client = PlatformClient(read_address(settings), credentials, redactor=redactor)
    reporter = PlatformReporter(client, redactor, timeouts=_read_timeouts(settings))
    return BackgroundReporter(reporter, interrupted=interrupted)


def open_pending_actions(settings: Settings, redactor: Redactor) -> PendingActions:
    """Return a way to ask what is unfinished; raise CredentialsError without credentials."""
    client = open_client(settings, redactor)
    return PendingActions(client, policy=_read_timeouts(settings).query)


def _read_timeouts(settings: Settings) -> ReportTimeouts:
    seconds = settings.seconds("PURVEYOR_PLATFORM_PATIENCE")
    return ReportTimeouts() if seconds is None else ReportTimeouts().within(seconds)
