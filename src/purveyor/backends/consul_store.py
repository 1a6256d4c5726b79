"""Consul's key/value store over its HTTP API: keys, values and sessions."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, RecoveryError
from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import NoResponseError
from purveyor.transport.pools import Identity
from purveyor.transport.retry import STATE_SERVER

if TYPE_CHECKING:
    from purveyor.catalog.backend import ConsulBackendConfig
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.transport.connection import Response

_OK, _FORBIDDEN, _MISSING = 200, 403, 404
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One key's value; `session` is the id of the session that holds it as a lock, or empty."""

    value: bytes
    session: str


class ConsulStore:
    """Keys of one data centre. Each method is one request.

    Every method raises CredentialsError, or RecoveryError STATE_UNREADABLE.
    """

    def __init__(self, config: ConsulBackendConfig, settings: Settings) -> None:
        token = settings.text(config.token_from)
        headers = {"x-consul-token": token} if token else {}
        # The engine's own variables, so that both reach the same server in the same way.
        who = Identity(headers=headers)
        self._http = Connection(STATE_SERVER, identity=who, direct=False)
        self._address = config.address.rstrip("/")
        self._datacenter = config.datacenter

    def entry(self, key: str) -> KeyValue | None:
        answer = self._ask(key)
        if answer is None:
            return None
        document = _parse(answer, key)
        first = document[0] if isinstance(document, list) and len(document) == 1 else None
        if not isinstance(first, dict):
            raise _unreadable(key, "what it answers is no entry")
        return KeyValue(_decode(first, key), str(first.get("Session") or ""))

    def keys(self, start: str) -> list[str]:
        answer = self._ask(start, keys="true")
        if answer is None:
            return []
        document = _parse(answer, start)
        if not isinstance(document, list):
            raise _unreadable(start, "what it answers is no list of keys")
        return [each for each in document if isinstance(each, str)]

    def put(self, key: str, text: str) -> None:
        self._send("PUT", self._url("kv", key), key, text)

    def delete(self, key: str, *, below: bool = False) -> None:
        self._send("DELETE", self._url("kv", key, **({"recurse": "true"} if below else {})), key)

    def end_session(self, session: str, key: str) -> None:
        """End a session; what it holds is free some seconds later (Consul's lock delay)."""
        self._send("PUT", self._url("session/destroy", session), key)

    def _url(self, api: str, name: str, **query: str) -> str:
        if self._datacenter:
            query["dc"] = self._datacenter
        # A read that asks the leader again: an old answer would be taken for "no state".
        mode = "&consistent" if api == "kv" else ""
        return f"{self._address}/v1/{api}/{quote(name)}?{urlencode(query)}{mode}"

    def _ask(self, key: str, **query: str) -> Response | None:
        url = self._url("kv", key, **query)
        try:
            answer = self._http.ask(lambda: Request("GET", url))
        except NoResponseError as error:
            raise _unreadable(key, "it does not answer", str(error)) from None
        return None if answer.status == _MISSING else _accept(answer, key)

    def _send(self, method: str, url: str, key: str, content: str = "") -> None:
        try:
            _accept(self._http.send(Request(method, url, _JSON, content.encode())), key)
        except NoResponseError as error:
            raise _unreadable(key, "it does not answer", str(error)) from None


def _accept(answer: Response, key: str) -> Response:
    if answer.status == _OK:
        return answer
    if answer.status == _FORBIDDEN:
        raise CredentialsError(
            f"Consul does not allow us to use the key {key}.",
            reason=ReasonCode.PERMISSION_DENIED,
            hint="Give the run a token whose policy has `write` on the prefix and on sessions.",
        )
    raise _unreadable(key, f"it answers with status {answer.status}")


def _parse(answer: Response, key: str) -> json_text.JsonValue:
    try:
        return json_text.parse(answer.text)
    except json_text.JsonTextError:
        raise _unreadable(key, "what it answers is not JSON") from None


def _decode(entry: JsonObject, key: str) -> bytes:
    try:
        return base64.b64decode(str(entry.get("Value") or ""), validate=True)
    except binascii.Error:
        raise _unreadable(key, "a value is not Base64") from None


def _unreadable(key: str, problem: str, *details: str) -> PurveyorError:
    return RecoveryError(
        f"Consul with the key {key} cannot be read: {problem}.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint="Check `backend.address` in the catalog, and the server.",
        details=details,
    )
