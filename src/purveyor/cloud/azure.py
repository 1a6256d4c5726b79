"""Requests to Azure Blob Storage, signed by whichever credentials the run has."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from purveyor.cloud.azure_token import CLOUDS, TokenSource, open_source
from purveyor.cloud.errors import Failure
from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

# The oldest version of the service that knows all we use; blob versions came with 2019-12-12.
_API_VERSION = "2021-12-02"
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)

# "Common REST API error codes" and "Blob service error codes" in Azure's documentation.
_CODES = {
    FailureKind.INVALID: (
        "AuthenticationFailed InvalidAuthenticationInfo NoAuthenticationInformation"
        " InvalidAuthenticationInfo"
    ),
    FailureKind.DENIED: (
        "AuthorizationFailure AuthorizationPermissionMismatch AuthorizationSourceIPMismatch"
        " AuthorizationProtocolMismatch AuthorizationServiceMismatch AccountIsDisabled"
        " AuthorizationResourceTypeMismatch InsufficientAccountPermissions"
        " KeyBasedAuthenticationNotPermitted PublicAccessNotPermitted ResourceNotFound"
    ),
    FailureKind.MISSING: "ContainerNotFound ContainerBeingDeleted ContainerDisabled",
    FailureKind.UNREACHABLE: "InternalError OperationTimedOut ServerBusy",
}
_BY_CODE = {code: kind for kind, codes in _CODES.items() for code in codes.split()}
_EXPIRED = ("signed expiry time", "Signature not valid in the specified time frame", "expired")


class AzureStorage:
    """One storage account. `uses_entra` tells whether Entra ID lets us in: no key and no SAS."""

    def __init__(self, account: str, environment: str | None, settings: Settings) -> None:
        cloud = environment or settings.text("ARM_ENVIRONMENT") or "public"
        self.account = account
        self.connection = Connection()
        self._address = f"https://{account}.blob.{CLOUDS.get(cloud, CLOUDS['public']).suffix}"
        self._key = settings.text("ARM_ACCESS_KEY")
        self._sas = (settings.text("ARM_SAS_TOKEN") or "").lstrip("?")
        self._settings = settings
        self._cloud = cloud
        self._tokens: TokenSource | None = None

    @property
    def uses_entra(self) -> bool:
        return not self._key and not self._sas

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Response:
        """Send one request, `path` below the account. Raise NoResponseError or CredentialsError."""
        address = f"{self._address}/{quote(path)}"
        told = dict(headers or {}) | ({"content-length": str(len(content))} if content else {})

        def sign() -> Request:
            url, signed = self._sign(method, address, dict(query or {}), dict(told))
            return Request(method, url, signed, content)

        return self.connection.ask(sign)

    def _sign(
        self, method: str, address: str, query: dict[str, str], headers: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        headers |= {"x-ms-version": _API_VERSION, "x-ms-date": formatdate(usegmt=True)}
        url = f"{address}?{urlencode(query, quote_via=quote)}" if query else address
        if self._key:
            signature = sign_shared_key(method, url, headers, account=self.account, key=self._key)
            headers["authorization"] = f"SharedKey {self.account}:{signature}"
        elif self._sas:
            url += f"{'&' if query else '?'}{self._sas}"
        else:
            if self._tokens is None:
                self._tokens = open_source(self._settings, self.connection, self._cloud)
            headers["authorization"] = f"Bearer {self._tokens.token()}"
        return url, headers


def sign_shared_key(
    method: str, url: str, headers: Mapping[str, str], *, account: str, key: str
) -> str:
    """Return a request's signature ("Authorize with Shared Key", Azure Storage REST API).

    Header names are in lower case. A key that is not base64 signs nothing that Azure accepts.
    """
    parts = urlsplit(url)
    ours = sorted(name for name in headers if name.startswith("x-ms-"))
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    text = "\n".join(
        [
            method,
            *(headers.get(name, "") for name in _SIGNED_HEADERS),
            *(f"{name}:{headers[name]}" for name in ours),
            f"/{account}{parts.path}",
            *(f"{name}:{value}" for name, value in query),
        ]
    )
    try:
        secret = base64.b64decode(key)
    except binascii.Error:
        secret = b""
    return base64.b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode()


def error_code(answer: Response) -> str:
    """Return Azure's own code for a refusal, from the header that even a HEAD's answer has."""
    return answer.headers.get("x-ms-error-code", "")


def classify(answer: Response) -> Failure:
    """Sort a refusal; the text is Azure's, without what a signature was made of."""
    code = error_code(answer)
    detail = f"{answer.status} {code}: {_message(answer)}".strip()
    kind = _BY_CODE.get(code) or FailureKind.of_status(answer.status)
    if kind is FailureKind.INVALID and any(words in answer.text for words in _EXPIRED):
        kind = FailureKind.EXPIRED
    return Failure(kind, detail)


def _message(answer: Response) -> str:
    """Azure's first sentence; what follows may quote the string that was to be signed."""
    _, _, after = answer.text.partition("<Message>")
    sentence, _, _ = after.partition("</Message>")
    return " ".join(sentence.partition("RequestId:")[0].split())[:400]
