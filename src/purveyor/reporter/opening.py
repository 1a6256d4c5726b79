"""From the environment to a reporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.client import PlatformClient, read_address, read_credentials
from purveyor.errors import CredentialsError
from purveyor.reporter.background import BackgroundReporter
from purveyor.reporter.model import ReportTimeouts
from purveyor.reporter.pending_actions import PendingActions
from purveyor.reporter.platform_reporter import PlatformReporter
from purveyor.reporter.silent import SilentReporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.redaction import Redactor
    from purveyor.reporter.model import Reporter
    from purveyor.settings import Settings

_NO_CREDENTIALS = "There are no credentials for the platform: it is neither asked nor told."
_GIVE_THEM = "Give an API key in NULLPLATFORM_API_KEY, or a token in NP_TOKEN"


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
    credentials = read_credentials(settings)
    if credentials is None:
        raise CredentialsError(
            "There are no credentials for the platform: it cannot be asked what is unfinished.",
            hint=f"{_GIVE_THEM}.",
        )
    client = PlatformClient(read_address(settings), credentials, redactor=redactor)
    return PendingActions(client, policy=_read_timeouts(settings).query)


def _read_timeouts(settings: Settings) -> ReportTimeouts:
    seconds = settings.seconds("PURVEYOR_PLATFORM_PATIENCE")
    return ReportTimeouts() if seconds is None else ReportTimeouts().within(seconds)
