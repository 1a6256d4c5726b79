"""An account's identity in Google Cloud, as the engine's providers want it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.credentials.identity_token import read_variable, request_address
from purveyor.credentials.model import AccountCredentials
from purveyor.credentials.private_file import write_private
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
    source, secrets = _source(entry, folder, settings)
    document = _external_account(entry.provider, entry.service_account, source)
    path = write_private(folder / "google-credentials.json", json_text.write(document))
    return AccountCredentials({**given, _VARIABLE: path}, secrets, "")


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
) -> tuple[JsonObject, tuple[str, ...]]:
    """Return where Google's libraries fetch the token each time they need it, and its secrets."""
    if entry.token_file is not None:
        return {"file": entry.token_file}, ()
    if entry.token_from is not None:
        token = read_variable(entry.token_from, settings)
        return {"file": write_private(folder / "google-token", token)}, (token,)
    found = request_address(settings, entry.audience or f"{_IAM}{entry.provider}")
    if found is None:
        raise CredentialsError(
            "There is no identity token for the account's login to Google Cloud.",
            hint="On GitHub grant the job `id-token: write`; elsewhere name `token_from` or"
            " `token_file` in the catalog.",
        )
    url, token = found
    source: JsonObject = {
        "url": url,
        "headers": {"Authorization": f"Bearer {token}"},
        "format": {"type": "json", "subject_token_field_name": "value"},
    }
    return source, (token,)
