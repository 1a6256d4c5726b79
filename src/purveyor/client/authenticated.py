"""One call: logged in, tried again while there is hope, its answer read."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.client.errors import PlatformRefusedError, error_of, silence_of, stranger
from purveyor.client.login import Login
from purveyor.errors import CredentialsError, ReasonCode
from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import NoResponseError, TransientError
from purveyor.transport.retry import Budget, RetryPolicy, retry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.client.login import Credentials
    from purveyor.clock import Clock
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.transport.connection import Response

_UNAUTHORIZED = 401
_LARGEST_ANSWER = 8 << 20
_LOGIN = RetryPolicy(read=15.0)


class AuthenticatedConnection:
    def __init__(
        self,
        address: str,
        credentials: Credentials,
        *,
        redactor: Redactor,
        policy: RetryPolicy,
        clock: Clock,
    ) -> None:
        self._address = address
        self._connection = Connection(policy, largest=_LARGEST_ANSWER)
        self._redactor = redactor
        self._policy = policy
        self._clock = clock
        self._budget: Budget | None = None
        self._told: tuple[float, float] | None = None
        self._login = Login(credentials, trade=self._trade, redactor=redactor, now=clock.now)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        what: str,
        policy: RetryPolicy | None = None,
    ) -> JsonObject:
        """Send until answered; `what` says it in an error.

        Only to what changes something is an empty answer one: an empty object.
        """
        policy, budget = policy or self._policy, self._budget
        if budget is not None:
            policy = budget.limit(policy)
        request = self._request(method, path, body)

        def send(left: float) -> Response:
            return self._send_as_us(request, policy, self._clock.clock() + left, what)

        try:
            response = retry(send, policy=policy, clock=self._clock)
            return _document(response, what, may_be_empty=method != "GET")
        except TransientError as error:
            if budget is not None:
                budget.learn(error)
            raise

    @contextlib.contextmanager
    def sharing(self, seconds: float) -> Iterator[None]:
        """Let all calls in the block share `seconds`; after one in vain, others are tried once.

        Only the one under way then may end later.
        """
        self._budget = Budget(seconds, self._clock.clock)
        try:
            yield
        finally:
            self._budget = None

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._connection.close()

    def platform_time(self) -> float | None:
        """Return the platform's own time, in seconds since 1970; None while none was told."""
        if self._told is None:
            return None
        told, then = self._told
        return told + self._clock.clock() - then

    def _send_as_us(self, request: Request, policy: RetryPolicy, end: float, what: str) -> Response:
        token = self._login.token(end)
        response = self._send(_signed(request, token), policy, end, what)
        if response.status == _UNAUTHORIZED and (other := self._login.renew(token, end)):
            response = self._send(_signed(request, other), policy, end, what)
        if response.ok:
            return response
        error = error_of(response, what, self._redactor)
        if isinstance(error, CredentialsError) and self._login.expired:
            error.reason = ReasonCode.CREDENTIALS_EXPIRED
        raise error

    def _request(self, method: str, path: str, body: Mapping[str, JsonValue] | None) -> Request:
        headers = {"accept": "application/json"}
        if body is None:
            return Request(method, self._address + path, headers)
        headers["content-type"] = "application/json"
        return Request(method, self._address + path, headers, json_text.write(body).encode())

    def _send(self, request: Request, policy: RetryPolicy, end: float, what: str) -> Response:
        """Send once, and give it no more than the time until `end`, a second if that is over."""
        left = max(end - self._clock.clock(), 1.0)
        connect, read = min(left, policy.connect), min(left, policy.read)
        limited = replace(policy, connect=connect, read=read, total=min(left, connect + read))
        try:
            response = self._connection.send(request, limited)
        except NoResponseError as error:
            raise silence_of(error, what, self._address) from None
        with contextlib.suppress(ValueError):
            date = parsedate_to_datetime(response.headers.get("date", ""))
            self._told = (date.timestamp(), self._clock.clock())
        return response

    def _trade(self, key: str, end: float) -> JsonObject:
        """Trade the API key for the answer of `POST /token`, which has until `end`."""
        what = "log in"
        response = self._send(self._request("POST", "/token", {"api_key": key}), _LOGIN, end, what)
        if response.ok:
            return _document(response, what, may_be_empty=False)
        error = error_of(response, what, self._redactor)
        if isinstance(error, PlatformRefusedError) and error.status in {400, 403}:
            raise CredentialsError(error.message, hint="Give a valid API key.")
        if isinstance(error, PlatformRefusedError):
            error.absent = False  # the way to log in is, not what was asked for
        raise error


def _signed(request: Request, token: str) -> Request:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def _document(response: Response, what: str, *, may_be_empty: bool) -> JsonObject:
    if may_be_empty and not response.text.strip():
        return {}
    document = response.document()
    if document is None:
        raise stranger(what)
    return document
