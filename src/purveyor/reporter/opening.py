"""From the environment to a reporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.client import PlatformClient, read_address, read_credentials
from purveyor.errors import CredentialsError
from purveyor.reporter.background import BackgroundReporter
from purveyor.reporter.model import Pace
from purveyor.reporter.platform_reporter import PlatformReporter
from purveyor.reporter.silent import SilentReporter
from purveyor.reporter.survey import Survey

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

    Nothing is sent yet. Where the platform is `required`, a silent one's standing is a refusal. A
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
    reporter = PlatformReporter(client, redactor, pace=_read_pace(settings))
    return BackgroundReporter(reporter, interrupted=interrupted)


def open_survey(settings: Settings, redactor: Redactor) -> Survey:
    """Return a way to ask what is unfinished; raise CredentialsError without credentials."""
    credentials = read_credentials(settings)
    if credentials is None:
        raise CredentialsError(
            "There are no credentials for the platform: it cannot be asked what is unfinished.",
            hint=f"{_GIVE_THEM}.",
        )
    client = PlatformClient(read_address(settings), credentials, redactor=redactor)
    return Survey(client, policy=_read_pace(settings).asking)


def _read_pace(settings: Settings) -> Pace:
    seconds = settings.seconds("PURVEYOR_PLATFORM_PATIENCE")
    return Pace() if seconds is None else Pace().within(seconds)
