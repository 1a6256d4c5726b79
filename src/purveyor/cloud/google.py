"""Requests to Google Cloud Storage, with whichever credentials the run has."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlencode, urljoin

from purveyor import json_text
from purveyor.cloud.refusal import Cloud, Trouble, refuse
from purveyor.cloud.wire import NoAnswerError, Request, Wire
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.cloud.wire import Answer
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings

GOOGLE = Cloud(
    "Google Cloud",
    "bucket",
    "`backend.bucket`",
    "google-github-actions/auth, GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN",
)
_ADDRESS = "https://storage.googleapis.com/storage/v1/"
_UPLOAD = "/upload/storage/v1/"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
_BROAD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_BY_STATUS = {401: Trouble.INVALID, 403: Trouble.DENIED, 404: Trouble.MISSING}
_PASSING = 500
_HERE = "store"


class Credentials(Protocol):
    """What google-auth's credentials have in common."""

    token: str | None

    @property
    def valid(self) -> bool:
        """True while the token is good."""

    def refresh(self, request: Any) -> object:
        """Ask for a new token; `request` is a `_Door`."""


class GoogleStorage:
    """Google's storage as the engine's gcs backend reaches it: by the same variables."""

    def __init__(self, settings: Settings) -> None:
        self.wire = Wire()
        self._settings = settings
        address = settings.first(
            "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"
        )
        self._address = f"{(address or _ADDRESS).rstrip('/')}/"
        self._credentials: Credentials | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: str | None = None,
        encrypted: bool = False,
    ) -> Answer:
        """Send one request; `path` is already quoted. Raise NoAnswerError or CredentialsError.

        `content` is uploaded; `encrypted` sends the customer's own key along, if the run has one.
        """
        start = self._address if content is None else urljoin(self._address, _UPLOAD)
        url = f"{start}{path}"
        if query:
            url += f"?{urlencode(query)}"

        def sign() -> Request:
            headers = {"authorization": f"Bearer {self._token()}"}
            if encrypted and (key := self._settings.text("GOOGLE_ENCRYPTION_KEY")):
                headers |= _key_headers(key)
            if content is not None:
                headers["content-type"] = "application/json"
            return Request(method, url, headers, (content or "").encode())

        return self.wire.send(sign)

    def _token(self) -> str:
        given = self._settings.text("GOOGLE_OAUTH_ACCESS_TOKEN")
        impersonated = self._settings.first(
            "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
        )
        if given and not impersonated:
            return given
        from google.auth.exceptions import GoogleAuthError

        try:
            if self._credentials is None:
                self._credentials = self._open(given, impersonated)
            if not self._credentials.valid:
                self._credentials.refresh(_Door(self.wire))
        except (GoogleAuthError, ValueError, OSError) as error:
            # Of ValueErrors, whose texts may quote a key's file, only the name is told.
            told = str(error.args[0]) if isinstance(error, GoogleAuthError) and error.args else ""
            detail = " ".join(f"{type(error).__name__}: {told}".split())[:400]
            raise refuse(GOOGLE, _HERE, Trouble.INVALID, detail) from None
        return str(self._credentials.token)

    def _open(self, given: str | None, impersonated: str | None) -> Credentials:
        import google.auth
        from google.auth import impersonated_credentials
        from google.oauth2.credentials import Credentials as TokenCredentials

        credentials: Credentials
        scopes = [_BROAD_SCOPE if impersonated else _SCOPE]
        if given:
            credentials = TokenCredentials(given)
        elif text := self._settings.first("GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"):
            document = _read_credentials(text)
            credentials, _ = google.auth.load_credentials_from_dict(document, scopes=scopes)
        elif path := self._settings.text("GOOGLE_APPLICATION_CREDENTIALS"):
            document = _read_credentials(path)
            credentials, _ = google.auth.load_credentials_from_dict(document, scopes=scopes)
        else:
            credentials = self._ambient(scopes)
        if impersonated:
            return impersonated_credentials.Credentials(credentials, impersonated, [_SCOPE])
        return credentials

    def _ambient(self, scopes: list[str]) -> Credentials:
        """Return what a person's login left in its usual file, or else the machine's own."""
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError

        door: Any = _Door(self.wire)
        found: Credentials
        try:
            found, _ = google.auth.default(scopes=scopes, request=door)
        except DefaultCredentialsError as error:
            detail = " ".join(str(error.args[0]).split())[:400]
            raise refuse(GOOGLE, _HERE, Trouble.ABSENT, detail) from None
        return found


class _Reply(NamedTuple):
    """An answer as google-auth wants it (`google.auth.transport.Response`)."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Door:
    """Lets google-auth send its requests through our own door."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

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
            answer = self._wire.send(lambda: Request(method, url, dict(headers or {}), content))
        except NoAnswerError as error:
            raise TransportError(str(error)) from None
        return _Reply(answer.status, answer.headers, answer.content)


def judge(answer: Answer) -> tuple[Trouble, str]:
    """Sort a refusal; the text is Google's own line."""
    trouble = _BY_STATUS.get(answer.status)
    if trouble is None:
        trouble = Trouble.UNREACHABLE if answer.status >= _PASSING else Trouble.OTHER
    if answer.status == 403 and "rateLimitExceeded" in answer.text:  # noqa: PLR2004 - see _BY_STATUS
        trouble = Trouble.UNREACHABLE
    return trouble, f"{answer.status}: {_message(answer)}"


def document(answer: Answer) -> JsonObject:
    """Return an answer's JSON object; raise NoAnswerError for anything else."""
    try:
        found = json_text.parse(answer.text)
    except json_text.JsonTextError:
        found = None
    if not isinstance(found, dict):
        raise NoAnswerError("the answer is no JSON object")
    return found


def _message(answer: Answer) -> str:
    try:
        error = document(answer).get("error")
    except NoAnswerError:
        return answer.detail
    message = error.get("message") if isinstance(error, dict) else error
    return " ".join(str(message or "").split())[:400]


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


def _key_headers(key: str) -> dict[str, str]:
    """Headers of a customer-supplied key ("Customer-supplied encryption keys", Cloud Storage)."""
    try:
        raw = base64.b64decode(key)
    except ValueError:
        raw = b""
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    return {
        "x-goog-encryption-algorithm": "AES256",
        "x-goog-encryption-key": key,
        "x-goog-encryption-key-sha256": digest,
    }
