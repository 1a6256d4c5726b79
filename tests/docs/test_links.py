"""Every page is found from the index, and every link leads somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from shell_blocks import PAGES, ROOT

from purveyor import __version__

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_OUTSIDE = re.compile(r"[a-z]+:")
_NAMED = [str(page.relative_to(ROOT)) for page in PAGES]


def prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    return [each for each in _LINK.findall(prose(page)) if not _OUTSIDE.match(each)]


def anchors(page: Path) -> set[str]:
    """Return what GitHub and GitLab make of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", _NAMED)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    lost = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    pages = set((ROOT / "docs").rglob("*.md")) - {index}
    assert sorted(str(page.relative_to(ROOT)) for page in pages - listed) == []


def test_the_readme_leads_to_the_rest() -> None:
    reached = {link.partition("#")[0] for link in links(ROOT / "README.md")}
    wanted = {"docs/README.md", "docs/tutorial/first-service.md", "docs/demo.svg"}
    assert wanted | {"CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} <= reached


def test_the_readme_names_the_version_of_the_package() -> None:
    assert f"Version {__version__}," in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_needs_nothing_from_elsewhere() -> None:
    text = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")
    assert re.findall(r"(?:href|src)=|url\((?!#)|@import|@font-face|<script", text) == []
    assert "GUARD_DENIED" in text.replace("&#160;", " ")


def test_every_room_of_the_house_is_explained() -> None:
    page = (ROOT / "docs" / "explanation" / "design.md").read_text(encoding="utf-8")
    named = set(_CODE.findall(page))
    rooms = [each.parent.name for each in (ROOT / "src" / "purveyor").glob("*/__init__.py")]
    assert [room for room in sorted(rooms) if f"`{room}`" not in named] == [], (
        "name it in the table of storeys in docs/explanation/design.md"
    )
