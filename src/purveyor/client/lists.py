"""Reads the platform's lists, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from purveyor.client.errors import PlatformRefusedError
from purveyor.json_text import as_list, dig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from purveyor.client.calls import PlatformClient
    from purveyor.json_text import JsonObject

    Ask = Callable[[Mapping[str, str]], JsonObject]

# The most that `np service specification link specification list` takes; the default is 30.
PAGE = 200
# An unknown filter is answered with 403 (nullplatform's ai-plugins, docs of `GET /service`) or, by
# the schema, 400.
_MAY_BE_A_FILTER = frozenset({400, 403})


class Pager:
    """Reads lists; filters that a list has once refused are not tried again."""

    def __init__(self) -> None:
        self.requests = 0
        self._taken: dict[str, int] = {}

    def has_narrowed(self, name: str) -> bool:
        """Tell whether a list was read with fewer filters than the first query has."""
        return self._taken.get(name, 0) > 0

    def rows(
        self, name: str, ask: Ask, queries: Sequence[Mapping[str, str]]
    ) -> Iterator[JsonObject]:
        """Yield every row once; `queries` are tried in turn until one is not refused.

        A page that shows nothing new is the end: `paging.total` is not always there, and `results`
        may be null.
        """
        seen: set[str] = set()
        offset = 0
        query, page = self._first(name, ask, queries)
        while True:
            found = [each for each in as_list(page.get("results")) if isinstance(each, dict)]
            new = [each for each in found if str(each.get("id")) not in seen]
            seen |= {str(each.get("id")) for each in new}
            yield from new
            offset += len(found)
            total = dig(page, "paging", "total")
            if not new or (isinstance(total, int) and offset >= total):
                return
            page = self._ask(ask, query, offset)

    def _first(
        self, name: str, ask: Ask, queries: Sequence[Mapping[str, str]]
    ) -> tuple[Mapping[str, str], JsonObject]:
        last = len(queries) - 1
        for place in range(self._taken.get(name, 0), last):
            try:
                page = self._ask(ask, queries[place], 0)
            except PlatformRefusedError as error:
                if error.status not in _MAY_BE_A_FILTER:
                    raise
            else:
                self._taken[name] = place
                return queries[place], page
        page = self._ask(ask, queries[last], 0)
        self._taken[name] = last
        return queries[last], page

    def _ask(self, ask: Ask, query: Mapping[str, str], offset: int) -> JsonObject:
        self.requests += 1
        return ask({**query, "limit": str(PAGE), "offset": str(offset)})


def list_rows(
    client: PlatformClient, path: str, *queries: Mapping[str, str]
) -> Iterator[JsonObject]:
    """Yield what a list shows; the queries are tried in turn until one is not refused."""
    what = f"list {path.rpartition('/')[2].removesuffix('s')}s"
    return Pager().rows(
        path, lambda asked: client.call("GET", f"{path}?{urlencode(asked)}", what=what), queries
    )


def list_sent(client: PlatformClient, nrn: str) -> Iterator[JsonObject]:
    """Yield the notifications of services' and links' actions of a place, the newest first."""
    query = {"nrn": nrn, "source": "service", "sort": "created_at:desc"}
    return list_rows(client, "/notification", {**query, "showDescendants": "true"}, query)
