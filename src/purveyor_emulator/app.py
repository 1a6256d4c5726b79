"""The web application: every request recorded, troubled, authorised, then answered."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_emulator import api, api_catalog, api_kept, api_notifications, control
from purveyor_emulator.exchange import Call, Way
from purveyor_emulator.faults import FaultKind
from purveyor_emulator.record import Received
from purveyor_emulator.refusal import RefusedError, invalid, object_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from purveyor.json_text import JsonValue
    from purveyor_emulator.exchange import Platform, Reply
    from purveyor_emulator.faults import InjectedFault

WAYS = (*api.WAYS, *api_catalog.WAYS, *api_kept.WAYS, *api_notifications.WAYS, *control.WAYS)
# Fastify's own default; the platform's real limit is not published.
LARGEST_BODY = 1 << 20
_RETRY_LATER = frozenset({429, 503})


def build_app(platform: Platform, abort: Callable[[tuple[str, int]], None]) -> Starlette:
    """Return the application; `abort` cuts the connection of a client address."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    front = _Front(platform, abort)
    routes = [Route(each.path, front.endpoint(each), methods=[each.method]) for each in WAYS]
    return Starlette(routes=routes, exception_handlers={404: front.unknown, 405: front.unknown})


class _Front:
    """What stands before every route."""

    def __init__(self, platform: Platform, abort: Callable[[tuple[str, int]], None]) -> None:
        self._platform = platform
        self._abort = abort
        self._numbers = itertools.count(1)

    def endpoint(self, way: Way) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of one route."""

        async def answer(request: Request) -> Response:
            return await self._answer(request, way)

        return answer

    async def unknown(self, request: Request, error: Exception) -> Response:
        """Answer a route that does not exist (a wrong method is one, too)."""
        del error
        return await self._answer(request, None)

    async def _answer(self, request: Request, way: Way | None) -> Response:
        body = await request.body()
        if _is_own(request.url.path):
            return self._respond(request, way, body)
        received = _received(request, body)
        self._platform.recorder.add(received)
        seconds, fault = self._platform.faults.meet(request.method, request.url.path)
        received.fault = fault.kind.value if fault else "latency" if seconds else ""
        await asyncio.sleep(seconds)
        response = self._under(fault, request, way, body)
        lost = fault is not None and fault.kind in {FaultKind.DROP, FaultKind.LOST_ANSWER}
        received.status = None if lost else response.status_code
        self._platform.recorder.end(received)
        if lost:
            await self._cut(request)
        return response

    def _under(
        self, fault: InjectedFault | None, request: Request, way: Way | None, body: bytes
    ) -> Response:
        from starlette.responses import HTMLResponse

        if fault is None or fault.kind is FaultKind.LOST_ANSWER:
            return self._respond(request, way, body)
        if fault.kind is FaultKind.CUT_SHORT:
            return self._cut_short(request, self._respond(request, way, body))
        if fault.kind is FaultKind.PAGE:
            return HTMLResponse("<html><title>Sign in</title></html>")
        if fault.kind is FaultKind.EXPIRED_TOKEN:
            self._platform.tokens.expire(request.headers.get("authorization", ""))
            return self._refuse(RefusedError(401, "The access token has expired"))
        refusal = RefusedError(fault.status, f"The emulator answers {fault.status} on request")
        wait = {"retry-after": f"{fault.seconds:g}"} if fault.status in _RETRY_LATER else {}
        return _json(refusal.body(next(self._numbers)), fault.status, wait)

    def _cut_short(self, request: Request, whole: Response) -> Response:
        """Answer with the first half of what was to be said, and cut the connection there."""
        from starlette.responses import StreamingResponse

        async def half() -> AsyncIterator[bytes]:
            yield bytes(whole.body[: len(whole.body) // 2])
            await self._cut(request)

        return StreamingResponse(half(), whole.status_code, whole.headers)

    async def _cut(self, request: Request) -> None:
        """Cut the connection and wait until the server knows, so that it sends nothing."""
        if request.client:
            self._abort((request.client.host, request.client.port))
        while (await request.receive())["type"] != "http.disconnect":
            continue

    def _respond(self, request: Request, way: Way | None, body: bytes) -> Response:
        from starlette.responses import HTMLResponse

        try:
            reply = self._reply(request, way, body)
        except RefusedError as error:
            return self._refuse(error)
        if reply.page:
            policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
            return HTMLResponse(reply.page, headers=policy)
        return _json(reply.body, reply.status)

    def _reply(self, request: Request, way: Way | None, body: bytes) -> Reply:
        path = request.url.path
        if not _is_own(path) and path != "/token":
            self._platform.tokens.check(request.headers.get("authorization", ""))
        if way is None:
            raise RefusedError(404, f"Route {request.method}:{path} not found")
        call = Call(request.path_params, dict(request.query_params), _body(body))
        with self._platform.store.lock:
            return way.answer(self._platform, call)

    def _refuse(self, error: RefusedError) -> Response:
        return _json(error.body(next(self._numbers)), error.status)


def _is_own(path: str) -> bool:
    return path == "/" or path.startswith("/emulator/")


def _body(text: bytes) -> json_text.JsonObject:
    if len(text) > LARGEST_BODY:
        raise RefusedError(413, "Request body is too large", code="FST_ERR_CTP_BODY_TOO_LARGE")
    if not text.strip():
        return {}
    try:
        return object_of(json_text.parse(text.decode()), "body")
    except (json_text.JsonTextError, UnicodeDecodeError) as error:
        raise invalid(f"body must be JSON: {error}") from None


def _received(request: Request, raw: bytes) -> Received:
    text = raw.decode(errors="replace")
    body: JsonValue = text or None
    try:
        body = json_text.parse(text) if text else None
    except json_text.JsonTextError:
        body = text
    return Received(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _json(body: JsonValue, status: int, headers: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    content = "" if status == 204 else json_text.write(body)  # noqa: PLR2004 - RFC 9110: no content
    return Response(content, status, headers=headers, media_type="application/json")
