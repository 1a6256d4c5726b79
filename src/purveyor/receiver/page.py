"""For those who watch: a page that reloads itself, and the way to it and to the figures."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import UTC, datetime
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from purveyor.durations import tell_age, tell_duration
from purveyor.errors import ReasonCode
from purveyor.inbox.model import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from purveyor.inbox.model import Inbox, InboxCounts, InboxRow
    from purveyor.receiver.authentication import Authentication
    from purveyor.receiver.metrics import ReceiverMetrics

_ORDER = (
    *(DeliveryStatus.RUNNING, DeliveryStatus.FAILED),
    *(DeliveryStatus.WAITING, DeliveryStatus.ENDED),
)
_SHOWN = 50  # rows of each status, the newest ones
_SECONDS = 10
_HEADS = ("Status", "Action", "Of", "Accepted", "Took", "Reason")
_STYLE = resources.files("purveyor.receiver").joinpath("page.css").read_text("utf-8")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_ASK = {"www-authenticate": 'Basic realm="Purveyor receiver", charset="UTF-8"'}


def watch_routes(
    inbox: Inbox, metrics: ReceiverMetrics, viewers: Authentication
) -> tuple[Route, ...]:
    async def figures(request: Request) -> Response:
        if not _may_look(request, viewers):
            return Response(status_code=401, headers=_ASK)
        body, kind = await metrics.show(inbox)
        return Response(body, media_type=kind)

    async def page(request: Request) -> Response:
        if not _may_look(request, viewers):
            return Response(status_code=401, headers=_ASK)
        reload = request.query_params.get("reload") != "off"
        text = await show_page(inbox, now=time.time(), reload=reload)
        return HTMLResponse(text, headers=HEADERS)

    return Route("/metrics", figures), Route("/", page)


def _may_look(request: Request, viewers: Authentication) -> bool:
    """Tell whether a token is given: by a program as a bearer, by a browser as a password."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            given = base64.b64decode(given).decode().partition(":")[2]
        except ValueError:
            return False
    return viewers.knows({"authorization": f"Bearer {given}"})


async def show_page(inbox: Inbox, *, now: float, reload: bool) -> str:
    """Return the page; who cannot read on while it reloads asks for one that stays as it is."""
    rows = [row for status in _ORDER for row in await inbox.rows((status,), _SHOWN)]
    return build_page(rows, await inbox.count(), now=now, reload=reload)


def build_page(rows: Sequence[InboxRow], counts: InboxCounts, *, now: float, reload: bool) -> str:
    refresh, note = "", '<a href="?">Let it reload itself</a>'
    if reload:
        refresh = f'<meta http-equiv="refresh" content="{_SECONDS}">'
        note = f'Reloads every {_SECONDS} s. <a href="?reload=off">Stop that</a>'
    figures = {each.capitalize(): str(getattr(counts, each)) for each in _ORDER}
    figures["Oldest open"] = tell_age(counts.oldest) if counts.oldest else "-"
    tiles = "".join(f"<div><dt>{n}</dt><dd>{figure}</dd></div>" for n, figure in figures.items())
    heads = "".join(f'<th scope="col" role="columnheader">{each}</th>' for each in _HEADS)
    table = (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(_row(each, now) for each in rows)}</tbody></table>'
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Purveyor receiver</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Purveyor receiver</h1><small>{_time(now)}. {note}</small><dl>{tiles}</dl>"
        f"{table if rows else '<p>Nothing has come in yet.</p>'}</main></body></html>"
    )


def _row(row: InboxRow, now: float) -> str:
    is_begun = row.started_at and row.status is not DeliveryStatus.WAITING
    is_address = row.run_url.startswith(("https://", "http://"))
    reasons = (
        escape(row.reason),
        f"next try in {tell_age(row.due - now)}" if row.due > now else "",
        f'<a href="{escape(row.run_url)}">its run</a>' if is_address else "",
    )
    cells = (
        f'<span class="status {row.status}">{_status(row)}</span>',
        f"{escape(row.operation)} <small>{escape(row.action_id)}</small>",
        f"{escape(row.specification)} <small>{escape(row.entity)}</small>",
        f"{tell_age(now - row.received_at)} ago <small>{_time(row.received_at)}</small>",
        tell_duration((row.ended_at or now) - row.started_at) if is_begun else "",
        " · ".join(each for each in reasons if each),
    )
    # A card's `display` takes a table's meaning away; the roles give it back.
    filled = (
        f'<td role="cell" data-head="{head}">{cell and f"<div>{cell}</div>"}</td>'
        for head, cell in zip(_HEADS, cells, strict=True)
    )
    return f'<tr role="row">{"".join(filled)}</tr>'


def _status(row: InboxRow) -> str:
    parked = row.status is DeliveryStatus.WAITING and row.reason == ReasonCode.APPROVAL_AWAITED
    return "waiting for approval" if parked else row.status.value


def _time(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{moment:%Y-%m-%d %H:%M:%S} UTC</time>'
