"""An account's identity in Google Cloud, as the engine's providers want it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.client.login import claimed_end
from purveyor.credentials.identity_token import (
    ask_ci,
    asks_pipelines,
    read_variable,
    request_address,
)
from purveyor.credentials.model import AccountCredentials, as_text
from purveyor.credentials.renewal import Fresh, KeptFile, write_private
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.catalog.logins import GoogleEntry
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings

_IAM = "https://iam.googleapis.com/"
_TRADE = "https://sts.googleapis.com/v1/token"
_ACT = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_OWN = (
    "GOOGLE_CREDENTIALS",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
)
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
# Of a token that does not say when it ends: those of Azure Pipelines live ten minutes.
_UNKNOWN_LIFE = 600.0
_HOUR = 3600.0  # what an access token lasts that was got with it


def log_in_to_google(
    entry: GoogleEntry, *, region: str | None, folder: Path, settings: Settings
) -> AccountCredentials:
    """Return the variables of one identity; nothing is asked of Google here.

    What is secret lies in a private file in `folder`. Raise CredentialsError.
    """
    place = {"GOOGLE_PROJECT": entry.project, "GOOGLE_REGION": region}
    given = {name: value for name, value in place.items() if value}
    if entry.credentials_from is not None:
        key = read_variable(entry.credentials_from, settings)
        path = write_private(folder / "google-credentials.json", key)
        return AccountCredentials({**given, _VARIABLE: path}, (key,), "")
    if entry.provider is None:
        own = {name: value for name in _OWN if (value := settings.text(name))}
        acting = {"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": entry.service_account or ""}
        return AccountCredentials({**given, **own, **acting}, (), "")
    source, secrets, expires, kept = _source(entry, folder, settings)
    document = _external_account(entry.provider, entry.service_account, source)
    path = write_private(folder / "google-credentials.json", json_text.write(document))
    return AccountCredentials({**given, _VARIABLE: path}, secrets, expires, kept=kept)


def _external_account(provider: str, service_account: str | None, source: JsonObject) -> JsonObject:
    """Return the document that Google's libraries read (AIP-4117, external account)."""
    document: JsonObject = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{provider}",
        "subject_token_type": _JWT,
        "token_url": _TRADE,
        "credential_source": source,
    }
    if service_account is not None:
        document["service_account_impersonation_url"] = (
            f"{_ACT}{service_account}:generateAccessToken"
        )
    return document


def _source(
    entry: GoogleEntry, folder: Path, settings: Settings
) -> tuple[JsonObject, tuple[str, ...], str, tuple[KeptFile, ...]]:
    """Return where Google's libraries fetch the token each time they need it, and its secrets.

    They read a file or ask an address anew for each access token (golang.org/x/oauth2,
    `externalaccount`). Also told: when a token that cannot be renewed ends, and files to keep.
    """
    if entry.token_file is not None:
        return {"file": entry.token_file}, (), "", ()
    if entry.token_from is not None:
        token, end = (given := read_variable(entry.token_from, settings)), claimed_end(given)
        file = write_private(folder / "google-token", token)
        lasts = "" if end is None else as_text(max(end, time.time() + _HOUR))
        return {"file": file}, (token,), lasts, ()
    audience = entry.audience or f"{_IAM}{entry.provider}"
    if (found := request_address(settings, audience)) is not None:
        url, token = found
        source: JsonObject = {
            "url": url,
            "headers": {"Authorization": f"Bearer {token}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        }
        return source, (token,), "", ()
    if asks_pipelines(settings):
        return _pipelines(audience, folder, settings)
    raise CredentialsError(
        "There is no identity token for the account's login to Google Cloud.",
        hint="On GitHub grant the job `id-token: write`; elsewhere name `token_from` or"
        " `token_file` in the catalog.",
    )


def _pipelines(
    audience: str, folder: Path, settings: Settings
) -> tuple[JsonObject, tuple[str, ...], str, tuple[KeptFile, ...]]:
    """Keep Azure Pipelines' token in a file: Google's libraries cannot ask for it themselves."""

    def fetch() -> Fresh:
        token, now = ask_ci(settings, audience), time.time()
        return Fresh(token, (token,), now, claimed_end(token) or now + _UNKNOWN_LIFE)

    first, path = fetch(), folder / "google-token"
    file = write_private(path, first.text)
    return {"file": file}, first.secrets, "", (KeptFile(path, fetch, first),)
