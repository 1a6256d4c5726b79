"""Lists of the platform are read to their end, whatever their pages leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor.client import PlatformRefusedError
from purveyor.client.lists import PAGE, Pager

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject

FULL, BARE = {"nrn": "organization=1", "status": "pending"}, {"nrn": "organization=1"}


class Shelf:
    """A list of so many rows, in pages of at most `most`; `refuses` are filters that get 403."""

    def __init__(
        self, count: int, *, most: int = PAGE, total: bool = True, refuses: tuple[str, ...] = ()
    ) -> None:
        self.rows: list[Any] = [{"id": f"e-{number}"} for number in range(count)]
        self.most = most
        self.total = total
        self.refuses = refuses
        self.asked: list[dict[str, str]] = []

    def __call__(self, query: Mapping[str, str]) -> JsonObject:
        self.asked.append(dict(query))
        if set(query) & set(self.refuses):
            raise PlatformRefusedError("403", hint="h", status=403)
        offset, limit = int(query["offset"]), min(int(query["limit"]), self.most)
        page = self.rows[offset : offset + limit]
        paging: JsonObject = {"offset": offset, "limit": limit}
        if self.total:
            paging["total"] = len(self.rows)
        return {"paging": paging, "results": page or None}


def read(shelf: Shelf, pager: Pager | None = None) -> list[JsonObject]:
    return list((pager or Pager()).rows("service", shelf, (FULL, BARE)))


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("most", [PAGE, 30, 7])
@pytest.mark.parametrize("count", [0, 1, 30, 430])
def test_every_row_comes_once_however_pages_are_cut(count: int, most: int, *, total: bool) -> None:
    shelf = Shelf(count, most=most, total=total)
    assert read(shelf) == shelf.rows


def test_a_page_holds_two_hundred() -> None:
    shelf = Shelf(430)
    read(shelf)
    assert [each["offset"] for each in shelf.asked] == ["0", "200", "400"]


def test_a_server_that_pays_no_heed_to_offsets_is_not_asked_for_ever() -> None:
    shelf = Shelf(3, total=False)
    found = list(Pager().rows("service", lambda query: shelf({**query, "offset": "0"}), (BARE,)))
    assert found == shelf.rows
    assert len(shelf.asked) == 2


def test_an_answer_of_another_shape_is_an_empty_list() -> None:
    pager = Pager()
    assert list(pager.rows("service", lambda _: {"message": "hello"}, (BARE,))) == []
    assert list(pager.rows("service", lambda _: {"results": ["x", 1]}, (BARE,))) == []


def test_a_filter_that_is_refused_is_left_out_from_then_on() -> None:
    shelf, pager = Shelf(2, refuses=("status",)), Pager()
    assert read(shelf, pager) == shelf.rows
    assert read(shelf, pager) == shelf.rows
    assert [set(each) & {"status"} for each in shelf.asked] == [{"status"}, set(), set()]
    assert pager.has_narrowed("service")
    assert not pager.has_narrowed("link")
    assert pager.requests == 3


def test_a_refusal_of_the_list_itself_is_raised_and_nothing_is_learnt() -> None:
    pager = Pager()
    with pytest.raises(PlatformRefusedError):
        read(Shelf(2, refuses=("nrn",)), pager)
    assert not pager.has_narrowed("service")
