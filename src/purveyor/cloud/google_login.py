"""An access token for Cloud Storage, from the same variables as the engine's gcs backend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from purveyor import json_text
from purveyor.cloud.errors import Cloud, credentials_error
from purveyor.errors import CredentialsError
from purveyor.extras import require
from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.auth.credentials import Credentials

    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings

GOOGLE = Cloud(
    "Google Cloud",
    "`backend.bucket`",
    "google-github-actions/auth, GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN",
)
STATES = "https://www.googleapis.com/auth/devstorage.read_write"
OWN_STATES = "https://www.googleapis.com/auth/devstorage.full_control"
ALL_OF_IT = "https://www.googleapis.com/auth/cloud-platform"
_HERE = "the state store"


class GoogleLogin:
    """The run's own login: a given token, a credentials file, or what the machine offers."""

    def __init__(self, settings: Settings, connection: Connection, *, scope: str = STATES) -> None:
        self._scope = scope
        self._settings = settings
        self._connection = connection
        self._credentials: Credentials | None = None

    def token(self) -> str:
        """Return a token that is good for now. Raise CredentialsError."""
        given = self._settings.text("GOOGLE_OAUTH_ACCESS_TOKEN")
        impersonated = self._settings.first(
            "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
        )
        if given and not impersonated:
            return given
        require("gcs")
        from google.auth.exceptions import GoogleAuthError

        try:
            if self._credentials is None:
                self._credentials = self._open(given, impersonated)
            if not self._credentials.valid:
                self._credentials.refresh(GoogleAuthTransport(self._connection))
        except (GoogleAuthError, ValueError, OSError) as error:
            # Of ValueErrors, whose texts may quote a key's file, only the name is told.
            told = str(error.args[0]) if isinstance(error, GoogleAuthError) and error.args else ""
            detail = " ".join(f"{type(error).__name__}: {told}".split())[:400]
            raise credentials_error(GOOGLE, _HERE, FailureKind.INVALID, detail) from None
        return str(self._credentials.token)

    def _open(self, given: str | None, impersonated: str | None) -> Credentials:
        from google.auth import impersonated_credentials
        from google.oauth2.credentials import Credentials as TokenCredentials

        credentials: Credentials
        scopes = [ALL_OF_IT if impersonated else self._scope]
        if given:
            credentials = TokenCredentials(given)
        elif text := self._settings.first("GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"):
            credentials = _load(_read_credentials(text), scopes)
        elif path := self._settings.text("GOOGLE_APPLICATION_CREDENTIALS"):
            credentials = _load(_read_credentials(path), scopes)
        else:
            credentials = self._ambient(scopes)
        if impersonated:
            return impersonated_credentials.Credentials(credentials, impersonated, [self._scope])
        return credentials

    def _ambient(self, scopes: list[str]) -> Credentials:
        """Return what a person's login left in its usual file, or else the machine's own."""
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError

        transport: Any = GoogleAuthTransport(self._connection)
        found: Credentials
        try:
            found, _ = google.auth.default(scopes=scopes, request=transport)
        except DefaultCredentialsError as error:
            detail = " ".join(str(error.args[0]).split())[:400]
            raise credentials_error(GOOGLE, _HERE, FailureKind.ABSENT, detail) from None
        return found


class _Reply(NamedTuple):
    """An answer as google-auth wants it (`google.auth.transport.Response`)."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class GoogleAuthTransport:
    """Lets google-auth send its requests over our own connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_rest: object,
    ) -> _Reply:
        from google.auth.exceptions import TransportError

        content = body.encode() if isinstance(body, str) else body or b""
        try:
            answer = self._connection.ask(
                lambda: Request(method, url, dict(headers or {}), content)
            )
        except NoResponseError as error:
            raise TransportError(str(error)) from None
        return _Reply(answer.status, answer.headers, answer.content)


def _load(document: JsonObject, scopes: list[str]) -> Credentials:
    """Turn a credentials document into what can get tokens.

    An external account whose token a program prints is left out: it would run that program.
    """
    from google.auth import aws, identity_pool, impersonated_credentials
    from google.oauth2 import service_account
    from google.oauth2.credentials import Credentials as UserCredentials

    source = document.get("credential_source")
    asked = source if isinstance(source, dict) else {}
    found: Credentials
    match document.get("type"):
        case "service_account":
            found = service_account.Credentials.from_service_account_info(document, scopes=scopes)
        case "authorized_user":
            found = UserCredentials.from_authorized_user_info(document, scopes)
        case "impersonated_service_account":
            found = impersonated_credentials.Credentials.from_impersonated_service_account_info(
                document, scopes
            )
        case "external_account" if "environment_id" in asked:
            found = aws.Credentials.from_info(document, scopes=scopes)
        case "external_account" if "executable" not in asked:
            found = identity_pool.Credentials.from_info(document, scopes=scopes)
        case _:
            raise CredentialsError(
                "Google's credentials are of a kind that Purveyor cannot use.",
                hint="Give a service account, a login of gcloud, or an external account that reads"
                " its token from a file, an address or AWS.",
            )
    return found


def _read_credentials(text: str) -> JsonObject:
    """Read a credentials document; `text` is the JSON itself or a file's path, as the engine's."""
    try:
        content = text if text.lstrip().startswith("{") else _file(text).read_text(encoding="utf-8")
        found = json_text.parse(content)
    except (OSError, ValueError) as error:
        raise CredentialsError(
            "Google's credentials cannot be read.",
            hint="GOOGLE_APPLICATION_CREDENTIALS names a file, GOOGLE_CREDENTIALS a file or JSON.",
            details=[type(error).__name__],
        ) from None
    if not isinstance(found, dict):
        raise CredentialsError(
            "Google's credentials are no JSON object.",
            hint="Give the file as Google's console or google-github-actions/auth wrote it.",
        )
    return found


def _file(path: str) -> Path:
    return Path(path).expanduser()
