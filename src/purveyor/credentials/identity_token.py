"""The token with which a CI proves who a run is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from purveyor.errors import CredentialsError, ReasonCode
from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import NoResponseError

if TYPE_CHECKING:
    from purveyor.catalog.logins import TokenEntry
    from purveyor.settings import Settings

_REQUEST = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
PIPELINES = (
    "SYSTEM_OIDCREQUESTURI",
    "SYSTEM_ACCESSTOKEN",
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
)
"""What Azure Pipelines' own token is asked for with; all three are needed."""


def read_token(entry: TokenEntry, *, settings: Settings, audience: str) -> str:
    """Return the token: from its variable, its file, or the CI that gives one to whom it is for.

    Raise CredentialsError.
    """
    if entry.token_from is not None:
        return read_variable(entry.token_from, settings)
    path = entry.token_file or settings.text("AWS_WEB_IDENTITY_TOKEN_FILE")
    if path and (entry.token_file or not settings.text(_REQUEST[0])):
        return _read_file(path)
    return ask_ci(settings, entry.audience or audience)


def read_variable(name: str, settings: Settings) -> str:
    """Return a variable that the catalog names; raise CredentialsError when it is not set."""
    value = (settings.text(name) or "").strip()
    if not value:
        raise CredentialsError(
            f"The environment variable {name}, which the account's login needs, is not set.",
            hint="Set it in the pipeline as a secret, or change the account in the catalog.",
        )
    return value


def request_address(settings: Settings, audience: str) -> tuple[str, str] | None:
    """Return where GitHub gives a token for `audience`, and with what; None elsewhere."""
    url, token = settings.text(_REQUEST[0]), settings.text(_REQUEST[1])
    if url is None or token is None:
        return None
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'audience': audience})}", token


def ask_ci(settings: Settings, audience: str) -> str:
    """Return a new token: from GitHub for `audience`, from Azure Pipelines for its usual one.

    Raise CredentialsError.
    """
    if (found := request_address(settings, audience)) is not None:
        url, token = found
        return _ask(Request("GET", url, {"authorization": f"Bearer {token}"}), "GitHub", "value")
    if asks_pipelines(settings):
        url, token, connection = (settings.text(name) or "" for name in PIPELINES)
        query = urlencode({"api-version": "7.1", "serviceConnectionId": connection})
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        url = f"{url}{'&' if '?' in url else '?'}{query}"
        return _ask(Request("POST", url, headers), "Azure Pipelines", "oidcToken")
    raise CredentialsError(
        "There is no identity token for the account's login.",
        hint="On GitHub grant the job `id-token: write`, on Azure map SYSTEM_ACCESSTOKEN and set"
        " the service connection; elsewhere name the token's variable or file in the catalog:"
        " `token_from` or `token_file`.",
    )


def asks_pipelines(settings: Settings) -> bool:
    return all(settings.text(name) for name in PIPELINES)


def _ask(request: Request, whom: str, name: str) -> str:
    try:
        answer = Connection().ask(lambda: request)
    except NoResponseError as error:
        raise _refused(whom, str(error)) from None
    document = answer.document() if answer.ok else None
    given = (document or {}).get(name)
    if not isinstance(given, str) or not given:
        raise _refused(whom, f"its answer was {answer.status}")
    return given


def _read_file(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        text, why = "", type(error).__name__
    else:
        why = "it is empty"
    if not text:
        raise CredentialsError(
            "The file with the identity token cannot be used.",
            hint="Check `token_file` in the catalog, or how the runner writes it.",
            details=[why],
        )
    return text


def _refused(whom: str, why: str) -> CredentialsError:
    return CredentialsError(
        f"{whom} gave no identity token.",
        reason=ReasonCode.PROVIDER_UNAVAILABLE,
        hint="Run the action again; check that the job may ask for an identity token.",
        details=[why],
    )
