"""One request and its answer, free of any web framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from purveyor_emulator.refusal import RefusedError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator.faults import Faults
    from purveyor_emulator.notifications import Notifications
    from purveyor_emulator.record import Recorder
    from purveyor_emulator.store import PlatformStore
    from purveyor_emulator.tokens import AccessTokens

DEFAULT_LIMIT = 30
MOST = 200
_MOST_WORDS = 10
_PAGING = frozenset({"limit", "offset", "sort"})


@dataclass(frozen=True, slots=True)
class Platform:
    """The emulated platform's parts."""

    store: PlatformStore
    notifications: Notifications
    tokens: AccessTokens
    faults: Faults
    recorder: Recorder


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `parts` are the path's named parts, `query` the last value of each name."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a JSON value, or a page."""

    body: JsonValue = None
    status: int = 200
    page: str = ""


class Way(NamedTuple):
    """One route. `path` names its parts in braces."""

    method: str
    path: str
    answer: Callable[[Platform, Call], Reply]


def listing(
    call: Call, rows: Sequence[JsonObject], *, filters: Sequence[str], ignored: Sequence[str] = ()
) -> Reply:
    """Answer a list: filtered by equality, sorted, cut to a page of `{paging, results}`.

    An unknown filter gets 403, as on the platform. `ignored` are accepted without effect here.
    """
    for name in call.query:
        if name not in {*_PAGING, *filters, *ignored}:
            raise RefusedError(403, f"The filter {name} is not allowed")
    chosen = [
        row
        for row in rows
        if all(str(row.get(f)) in _words(call.query[f]) for f in filters if f in call.query)
    ]
    if sort := call.query.get("sort"):
        name, _, direction = sort.partition(":")
        chosen.sort(key=lambda row: str(row.get(name, "")), reverse=direction == "desc")
    limit, offset = _number(call, "limit", DEFAULT_LIMIT, 1), _number(call, "offset", 0, 0)
    page: list[JsonValue] = list(chosen[offset : offset + min(limit, MOST)])
    paging: JsonObject = {"offset": offset, "limit": limit, "total": len(chosen)}
    return Reply({"paging": paging, "results": page})


def _words(text: str) -> list[str]:
    """Read a comma list, which the platform cuts without a word."""
    return text.split(",")[:_MOST_WORDS]


def _number(call: Call, name: str, default: int, least: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal():
        raise invalid(f"querystring/{name} must be integer")
    if int(text) < least:
        raise invalid(f"querystring/{name} must be >= {least}")
    return int(text)
