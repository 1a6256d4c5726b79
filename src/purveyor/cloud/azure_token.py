"""An access token for Azure Storage, from the same variables as the engine's azurerm backend."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from purveyor import json_text, process
from purveyor.cloud.errors import Cloud, credentials_error
from purveyor.errors import CredentialsError, ReasonCode
from purveyor.transport.connection import Request
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.transport.connection import Connection, Response

AZURE = Cloud(
    "Azure",
    "`backend.account` and `backend.container`",
    "azure/login or a service connection, and ARM_USE_OIDC, ARM_CLIENT_ID and ARM_TENANT_ID",
)
STORAGE = "https://storage.azure.com/"
_AUDIENCE = "api://AzureADTokenExchange"
_METADATA = "http://169.254.169.254/metadata/identity/oauth2/token"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EARLY = 300.0
_CLI_SECONDS = 60.0
_TRUE = frozenset({"1", "t", "true", "T", "TRUE", "True"})  # Go's strconv.ParseBool
_CODE = re.compile(r"AADSTS\d+")
_PLACE = "the state store"


class AzureCloud(NamedTuple):
    """Where one of Azure's clouds keeps blobs, and where it lets people in."""

    suffix: str
    authority: str


CLOUDS = {
    "public": AzureCloud("core.windows.net", "https://login.microsoftonline.com"),
    "usgovernment": AzureCloud("core.usgovcloudapi.net", "https://login.microsoftonline.us"),
    "china": AzureCloud("core.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}


class TokenSource:
    """Gives a token for the next request, and asks for a new one before it ends.

    `fetch` returns an answer with `access_token` and `expires_in` (seconds).
    """

    def __init__(self, fetch: Callable[[], JsonObject]) -> None:
        self._fetch = fetch
        self._token = ""
        self._ends = 0.0

    def token(self) -> str:
        """Return a token that is good for some minutes. Raise CredentialsError."""
        if time.monotonic() >= self._ends - _EARLY or not self._token:
            answer = self._fetch()
            token, seconds = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not token:
                raise _refused("its answer holds no token")
            self._token = token
            self._ends = time.monotonic() + float(str(seconds or 0))
        return self._token


def is_on(settings: Settings, name: str, *, default: bool = False) -> bool:
    text = settings.text(name)
    return default if text is None else text in _TRUE


def open_source(
    settings: Settings, connection: Connection, cloud: str, resource: str = STORAGE
) -> TokenSource:
    """Return the source of tokens that the environment asks for, in the engine's own order.

    A client secret goes before OIDC, that before a managed identity, that before Azure's command
    line. Raise CredentialsError when there is none, or a certificate, which only the engine reads.
    """
    authority = CLOUDS.get(cloud, CLOUDS["public"]).authority
    client = _Client(settings, connection, authority, resource)
    if settings.first("ARM_CLIENT_CERTIFICATE", "ARM_CLIENT_CERTIFICATE_PATH"):
        raise CredentialsError(
            "A client certificate lets the engine into Azure, but not Purveyor itself.",
            hint="Use OIDC (ARM_USE_OIDC), a client secret or a managed identity for states.",
        )
    if settings.first("ARM_CLIENT_SECRET", "ARM_CLIENT_SECRET_FILE_PATH"):
        return TokenSource(client.by_secret)
    if is_on(settings, "ARM_USE_OIDC") or is_on(settings, "ARM_USE_AKS_WORKLOAD_IDENTITY"):
        return TokenSource(client.by_federation)
    if is_on(settings, "ARM_USE_MSI"):
        return TokenSource(client.by_managed_identity)
    if is_on(settings, "ARM_USE_CLI", default=True) and process.find("az", settings.for_children()):
        return TokenSource(client.by_command_line)
    raise credentials_error(
        AZURE,
        _PLACE,
        FailureKind.ABSENT,
        "no ARM_ variable gives a key, a secret, OIDC or an identity",
    )


class _Client:
    """The ways in; each returns the token endpoint's answer."""

    def __init__(
        self, settings: Settings, connection: Connection, authority: str, resource: str
    ) -> None:
        self._resource = resource
        self._settings = settings
        self._connection = connection
        self._authority = authority

    def by_secret(self) -> JsonObject:
        return self._trade({"client_secret": self._given("ARM_CLIENT_SECRET")})

    def by_federation(self) -> JsonObject:
        """Trade the token of a CI, a cluster or a file for Azure's."""
        proof = {"client_assertion_type": _ASSERTION, "client_assertion": self._federated()}
        return self._trade(proof)

    def by_managed_identity(self) -> JsonObject:
        query = {"api-version": "2018-02-01", "resource": self._resource}
        if client := self._settings.text("ARM_CLIENT_ID"):
            query["client_id"] = client
        address = self._settings.text("ARM_MSI_ENDPOINT") or _METADATA
        return self._ask("GET", f"{address}?{urlencode(query)}", {"metadata": "true"})

    def by_command_line(self) -> JsonObject:
        """Ask `az`, which somebody has logged in."""
        words = (
            "az",
            "account",
            "get-access-token",
            "--resource",
            self._resource,
            "--output",
            "json",
        )
        command = process.Command(words, Path("/"), self._settings.for_children())
        done = process.run(command, timeout=_CLI_SECONDS)
        if done.code != 0:
            raise _refused(f"`az account get-access-token` ended with {done.code}: log in again")
        found = _checked(json_text.parse_object(done.stdout))
        # `az` tells the end as a date; asking it again every half hour is soon enough.
        return {"access_token": found.get("accessToken"), "expires_in": 1800}

    def _trade(self, proof: dict[str, str]) -> JsonObject:
        tenant = self._given("ARM_TENANT_ID", "AZURE_TENANT_ID")
        form = {
            "grant_type": "client_credentials",
            "client_id": self._given("ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
            "scope": f"{self._resource.rstrip('/')}/.default",
            **proof,
        }
        return self._ask(
            "POST",
            f"{self._authority}/{quote(tenant, safe='')}/oauth2/v2.0/token",
            {"content-type": "application/x-www-form-urlencoded"},
            urlencode(form).encode(),
        )

    def _federated(self) -> str:
        given = self._settings.text("ARM_OIDC_TOKEN")
        if given:
            return given
        path = self._settings.first("ARM_OIDC_TOKEN_FILE_PATH", "AZURE_FEDERATED_TOKEN_FILE")
        if path:
            return _read_file(path)
        connection = self._settings.first(
            "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"
        )
        address = self._given(
            "ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"
        )
        token = self._given(
            "ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"
        )
        method, query, name = "GET", {"audience": _AUDIENCE}, "value"
        if connection:
            query = {"api-version": "7.1", "serviceConnectionId": connection}
            method, name = "POST", "oidcToken"
        url = f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
        answer = self._ask(
            method,
            url,
            {"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        found = answer.get(name)
        if not isinstance(found, str):
            raise _refused("the CI gave no OIDC token")
        return found

    def _given(self, *names: str) -> str:
        """Return the first variable that is set, or what its `_FILE_PATH` twin names."""
        value = self._settings.first(*names)
        if value:
            return value
        if path := self._settings.text(f"{names[0]}_FILE_PATH"):
            return _read_file(path)
        raise _refused(f"{names[0]} is not set")

    def _ask(
        self, method: str, url: str, headers: dict[str, str], content: bytes = b""
    ) -> JsonObject:
        try:
            answer = self._connection.ask(lambda: Request(method, url, headers, content))
        except NoResponseError as error:
            raise _refused(
                f"no answer to the login: {error}", ReasonCode.PROVIDER_UNAVAILABLE
            ) from None
        if not answer.ok:
            raise _refused(f"the login was answered with {answer.status} {_why(answer)}".strip())
        return _checked(answer.document())


def _why(answer: Response) -> str:
    """Azure's error number alone: the sentence beside it may quote what was sent."""
    found = _CODE.search(answer.text)
    return found.group() if found else ""


def _checked(document: JsonObject | None) -> JsonObject:
    if document is None:
        raise _refused("its answer is no JSON object")
    return document


def _read_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise _refused(f"a token's file cannot be read ({type(error).__name__})") from None


def _refused(why: str, reason: ReasonCode = ReasonCode.CREDENTIALS_INVALID) -> CredentialsError:
    return CredentialsError(
        "Azure did not let the run in for its states.",
        hint="Check ARM_CLIENT_ID, ARM_TENANT_ID and how the pipeline logs in to Azure.",
        details=[why],
        reason=reason,
    )
