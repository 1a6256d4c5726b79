"""Requests to Google Cloud Storage, with whichever credentials the run has."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from purveyor.cloud.errors import Failure
from purveyor.cloud.google_login import OWN_STATES, STATES, GoogleLogin
from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

_ADDRESS = "https://storage.googleapis.com/storage/v1/"
_UPLOAD = "/upload/storage/v1/"


class GoogleStorage:
    """Google's storage as the engine's gcs backend reaches it: by the same variables.

    `as_owner` asks for a token that may change a bucket's settings too.
    """

    def __init__(self, settings: Settings, *, as_owner: bool = False) -> None:
        self.connection = Connection()
        self._settings = settings
        address = settings.first(
            "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"
        )
        self._address = f"{(address or _ADDRESS).rstrip('/')}/"
        scope = OWN_STATES if as_owner else STATES
        self._login = GoogleLogin(settings, self.connection, scope=scope)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: str | None = None,
        encrypted: bool = False,
        resource: str | None = None,
    ) -> Response:
        """Send one request; `path` is already quoted. Raise NoResponseError or CredentialsError.

        `content` is uploaded; `encrypted` sends the customer's own key along, if the run has one.
        `resource` is JSON about a bucket, which is sent where all but uploads goes.
        """
        start = self._address if content is None else urljoin(self._address, _UPLOAD)
        url = f"{start}{path}"
        if query:
            url += f"?{urlencode(query)}"

        def sign() -> Request:
            headers = {"authorization": f"Bearer {self._login.token()}"}
            if encrypted and (key := self._settings.text("GOOGLE_ENCRYPTION_KEY")):
                headers |= _key_headers(key)
            body = content if resource is None else resource
            if body is not None:
                headers["content-type"] = "application/json"
            return Request(method, url, headers, (body or "").encode())

        return self.connection.ask(sign)


def classify(answer: Response) -> Failure:
    """Sort a refusal; the text is Google's own line."""
    kind = FailureKind.of_status(answer.status)
    if answer.status == 403 and "rateLimitExceeded" in answer.text:  # noqa: PLR2004 - RFC 9110 section 15.5.4
        kind = FailureKind.UNREACHABLE
    return Failure(kind, f"{answer.status}: {_message(answer)}")


def _message(answer: Response) -> str:
    document = answer.document()
    if document is None:
        return answer.detail
    error = document.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    return " ".join(str(message or "").split())[:400]


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
