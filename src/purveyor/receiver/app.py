"""The receiver's web application: takes notifications in, and says how it is."""

from __future__ import annotations

import asyncio
import time
from importlib import resources
from typing import TYPE_CHECKING, NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from purveyor import json_text
from purveyor.errors import ContextError
from purveyor.inbox.model import InboxCounts, NotStoredError
from purveyor.receiver.reading import read_delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from purveyor.inbox.model import Delivery, Inbox
    from purveyor.receiver.authentication import Authentication
    from purveyor.receiver.events import Tell

MAX_BYTES = 1 << 20
MOST_WAITING = 200_000
_MOST_AT_ONCE = 256
_READ_SECONDS, _STORE_SECONDS = 8.0, 5.0  # together less than a sender waits: 15 s


class Receiver:
    """Answers 2xx only for what is durably stored."""

    def __init__(
        self,
        inbox: Inbox,
        authentication: Authentication,
        serves: Callable[[str, str], bool],
        tell: Tell,
        *,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.inbox = inbox
        self.counts = InboxCounts(0, 0, 0, 0, 0.0)  # of a second ago
        self.works = False  # whether deliveries are carried out
        self._authentication = authentication
        self._serves = serves
        self._tell = tell
        self._most_waiting = most_waiting
        self._active = 0
        self._stores = True

    async def notify(self, request: Request) -> Response:
        """Store one notification: 202 for a new one, 200 for one that is known."""
        self._active += 1
        try:
            if self._active > _MOST_AT_ONCE:
                _refuse(503, "BUSY", "Too many requests at once.", retry_after=1)
            if self.counts.waiting >= self._most_waiting:
                _refuse(503, "INBOX_FULL", "Too many notifications wait.", retry_after=60)
            delivery = self._read(await self._receive(request))
            return await self._store(delivery)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._active -= 1

    async def _receive(self, request: Request) -> bytes:
        """Return the body of a sender that may send; nothing is read of anybody else's."""
        known = self._authentication.knows(request.headers)
        if not known and not self._authentication.signs(request.headers):
            _refuse(401, "UNAUTHORIZED", "The token is missing or wrong.")
        try:
            async with asyncio.timeout(_READ_SECONDS):
                body = await _read_body(request)
        except TimeoutError:
            _refuse(408, "TOO_SLOW", "The body did not come in time.")
        if not known and not self._authentication.verifies(request.headers, body):
            _refuse(401, "UNAUTHORIZED", "The signature is wrong, or older than five minutes.")
        return body

    def _read(self, body: bytes) -> Delivery:
        try:
            delivery = read_delivery(body, time.time(), self._serves)
        except ContextError as error:
            _refuse(400, error.reason, " ".join((error.message, *error.details)))
        if delivery is None:
            _refuse(403, "NOT_SERVED", "Nothing here serves this specification.")
        return delivery

    async def _store(self, delivery: Delivery) -> Response:
        try:
            async with asyncio.timeout(_STORE_SECONDS):
                receipt = await self.inbox.accept(delivery)
        except (NotStoredError, TimeoutError):
            self._stores = False
            _refuse(503, "NOT_STORED", "The notification could not be stored.", retry_after=30)
        self._stores = True
        self._tell(
            "accepted" if receipt.new else "known",
            action=delivery.action_id,
            entity=delivery.entity,
            specification=delivery.specification,
            operation=delivery.operation,
        )
        document = {"action": delivery.action_id, "status": receipt.status.value}
        return _json(202 if receipt.new else 200, document)

    async def show_health(self, _: Request) -> Response:
        """Say that we run."""
        return _json(200, {"status": "ok"})

    async def show_readiness(self, _: Request) -> Response:
        """Say whether notifications would be taken and carried out."""
        faults = {
            "deliveries are not carried out": not self.works,
            "the inbox cannot be written": not self._stores,
            "the inbox is full": self.counts.waiting >= self._most_waiting,
        }
        found = [fault for fault, holds in faults.items() if holds]
        return _json(
            503 if found else 200,
            {"status": "not ready" if found else "ready"} | ({"faults": found} if found else {}),
        )

    def refused(self, request: Request, error: Exception) -> Response:
        """Answer with an error, and tell of it without a word of what was sent."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else type(error).__name__
        reason, _, message = detail.rpartition("\n")
        where = request.client.host if request.client else ""
        self._tell("refused", reason=reason or f"HTTP_{status}", status=status, sender=where)
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        document = {"reason": reason or f"HTTP_{status}", "message": message}
        return _json(status, document, {**headers, "connection": "close"})


async def _read_body(request: Request) -> bytes:
    body, length = bytearray(), int(request.headers.get("content-length", 0))
    async for part in request.stream():
        body += part
        length = max(length, len(body))
        if length > MAX_BYTES:
            _refuse(413, "TOO_LARGE", "A notification has at most 1 MiB.")
    return bytes(body)


def _refuse(status: int, reason: str, message: str, *, retry_after: int = 0) -> NoReturn:
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    if status == 401:  # noqa: PLR2004 - it asks for a token
        headers["www-authenticate"] = "Bearer"
    raise HTTPException(status, f"{reason}\n{message}", headers)


def _json(status: int, document: object, headers: dict[str, str] | None = None) -> Response:
    return Response(json_text.write(document), status, headers, "application/json")


def build_app(receiver: Receiver, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the application; `more` are routes for people and for monitoring."""
    document = resources.files("purveyor.receiver").joinpath("openapi.json").read_text("utf-8")

    async def show_document(_: Request) -> Response:
        return Response(document, media_type="application/json")

    async def refuse(request: Request, error: Exception) -> Response:
        return receiver.refused(request, error)

    return Starlette(
        routes=[
            Route("/notifications", receiver.notify, methods=["POST"]),
            Route("/health", receiver.show_health),
            Route("/ready", receiver.show_readiness),
            Route("/openapi.json", show_document),
            *more,
        ],
        exception_handlers={HTTPException: refuse, Exception: refuse},
    )
