"""The status page says what is there, in plain HTML that nobody can put a script into."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from purveyor.inbox.model import Delivery, DeliveryStatus, InboxCounts
from purveyor.inbox.sqlite import SqliteInbox
from purveyor.receiver.page import HEADERS, build_page, show_page
from status_page_fixtures import COUNTS, HOSTILE, NOW, ROWS, row

if TYPE_CHECKING:
    from pathlib import Path


class Reader(HTMLParser):
    """Reads a page's tags, links and cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_the_page_shows_each_delivery_with_its_status_and_why() -> None:
    cells = Reader(build_page(ROWS, COUNTS, now=NOW, reload=True)).cells
    assert cells[:6] == [
        "running",
        "create 7c9e6679-7425-40de-944b-e07fc1f90001",
        "mysql-database service/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
        "1 h ago 2027-01-15 06:59:00 UTC",
        "42 s",
        "its run",
    ]
    assert len(cells) == 6 * len(ROWS)
    assert cells[6 * 4 + 5] == "RATE_LIMITED · next try in 1 min"
    assert cells[6 * 4 + 4] == ""  # it is not at work


@pytest.mark.parametrize(
    "field", ["action_id", "entity", "specification", "operation", "reason", "run_url"]
)
def test_no_text_becomes_a_tag(field: str) -> None:
    changed: Any = {field: HOSTILE}
    page = build_page([row(**changed)], COUNTS, now=NOW, reload=True)
    assert "<script" not in page
    assert set(Reader(page).tags) == set(
        Reader(build_page([row()], COUNTS, now=NOW, reload=True)).tags
    )


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil", ""])
def test_only_a_web_address_is_a_link(address: str) -> None:
    page = Reader(build_page([row(run_url=address)], COUNTS, now=NOW, reload=True))
    assert page.links == ["?reload=off"]
    known = row(run_url="https://ci.example/run?a=1&b=2")
    page = Reader(build_page([known], COUNTS, now=NOW, reload=True))
    assert page.links[-1] == known.run_url


def test_the_policy_lets_nothing_in_but_the_pages_own_style() -> None:
    style = re.search(
        r"<style>(.*)</style>", build_page([], COUNTS, now=NOW, reload=True), re.DOTALL
    )
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = HEADERS["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_a_page_that_is_being_read_can_stay_as_it_is() -> None:
    assert 'http-equiv="refresh"' in build_page(ROWS, COUNTS, now=NOW, reload=True)
    page = build_page(ROWS, COUNTS, now=NOW, reload=False)
    assert "refresh" not in page
    assert Reader(page).links[0] == "?"


def test_an_inbox_that_is_empty_says_so() -> None:
    page = build_page([], InboxCounts(0, 0, 0, 0, 0.0), now=NOW, reload=True)
    assert "Nothing has come in yet." in page
    assert "<table" not in page


def test_the_page_reads_the_inbox(tmp_path: Path) -> None:
    async def show() -> str:
        inbox = SqliteInbox(tmp_path / "inbox.db")
        try:
            for number in range(60):
                delivery = Delivery(f"a-{number}", "service/s", "mysql", "create", b"{}", NOW)
                await inbox.accept(delivery)
            return await show_page(inbox, now=NOW, reload=True)
        finally:
            await inbox.close()

    page = Reader(asyncio.run(show()))
    assert len(page.cells) == 6 * 50  # the newest ones; all are counted
    assert page.cells[0] == DeliveryStatus.WAITING
    assert page.cells[1] == "create a-59"
