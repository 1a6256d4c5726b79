"""One call: logged in, tried again while there is hope, its answer read."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.client.errors import PlatformRefusedError, refusal_of, stranger
from purveyor.client.login import Login
from purveyor.client.wire import Answer, Request, Wire
from purveyor.errors import CredentialsError, ReasonCode
from purveyor.transport.retry import Budget, TransientError, retry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.client.login import Credentials
    from purveyor.clock import Clock
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.transport.retry import RetryPolicy

_UNAUTHORIZED = 401
_LOGIN_READ = 15.0  # seconds


class AuthenticatedConnection:
    """Requests to one platform under one login."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        *,
        redactor: Redactor,
        policy: RetryPolicy,
        time: Clock,
    ) -> None:
        self._wire = Wire(address)
        self._redactor = redactor
        self._policy = policy
        self._time = time
        self._share: Budget | None = None
        self._login = Login(credentials, trade=self._trade, redactor=redactor, now=time.now)

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
        policy, share = policy or self._policy, self._share
        if share is not None:
            policy = share.limit(policy)
        content = b"" if body is None else json_text.write(body).encode()
        request = Request(method, path, content, connect=policy.connect, read=policy.read)

        def send(left: float) -> Answer:
            return self._send(request, what, self._time.clock() + left)

        try:
            answer = retry(send, policy=policy, time=self._time)
            return _document(answer, what, may_be_empty=method != "GET")
        except TransientError as error:
            if share is not None:
                share.learn(error)
            raise

    @contextlib.contextmanager
    def sharing(self, seconds: float) -> Iterator[None]:
        """Let all calls in the block end within `seconds`, but for the one under way then."""
        self._share = Budget(seconds, self._time.clock)
        try:
            yield
        finally:
            self._share = None

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._wire.close()

    def platform_time(self) -> float | None:
        """Return the platform's own time, in seconds since 1970; None while none was told."""
        return self._wire.platform_time()

    def _send(self, request: Request, what: str, end: float) -> Answer:
        token = self._login.token(end)
        answer = self._wire.send(self._limit(replace(request, token=token), end), what)
        if answer.status == _UNAUTHORIZED and (other := self._login.renew(token, end)):
            answer = self._wire.send(self._limit(replace(request, token=other), end), what)
        if answer.ok:
            return answer
        error = refusal_of(answer, what, self._redactor)
        if isinstance(error, CredentialsError) and self._login.expired:
            error.reason = ReasonCode.CREDENTIALS_EXPIRED
        raise error

    def _limit(self, request: Request, end: float) -> Request:
        """Leave a request no more than the time until `end`, and a second if that is over."""
        left = max(end - self._time.clock(), 1.0)
        connect, read = min(left, request.connect), min(left, request.read)
        return replace(request, connect=connect, read=read, total=min(left, connect + read))

    def _trade(self, key: str, end: float) -> JsonObject:
        """Trade the API key for the answer of `POST /token`, which has until `end`."""
        what = "log in"
        content = json_text.write({"api_key": key}).encode()
        request = Request("POST", "/token", content, read=_LOGIN_READ)
        answer = self._wire.send(self._limit(request, end), what)
        if answer.ok:
            return _document(answer, what, may_be_empty=False)
        error = refusal_of(answer, what, self._redactor)
        if isinstance(error, PlatformRefusedError) and error.status in {400, 403}:
            raise CredentialsError(error.message, hint="Give a valid API key.")
        if isinstance(error, PlatformRefusedError):
            error.absent = False  # the way to log in is, not what was asked for
        raise error


def _document(answer: Answer, what: str, *, may_be_empty: bool) -> JsonObject:
    if may_be_empty and not answer.text.strip():
        return {}
    try:
        body = json_text.parse(answer.text)
    except json_text.JsonTextError:
        body = None
    if isinstance(body, dict):
        return body
    raise stranger(what)
