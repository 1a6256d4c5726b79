"""The receiver's status page in a real browser: for everybody, on each screen, by day and night."""

from __future__ import annotations

import re
import shutil
import subprocess  # noqa: TID251 - starts a browser
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor.inbox.model import InboxCounts
from purveyor.receiver.page import build_page
from status_page_fixtures import COUNTS, NOW, ROWS

if TYPE_CHECKING:
    from pathlib import Path

    from template_tools import Tools

PAGES = {
    "full": build_page(ROWS, COUNTS, now=NOW, reload=False),
    "empty": build_page((), InboxCounts(0, 0, 0, 0, 0.0), now=NOW, reload=False),
}
TELEPHONE, DESK = 390, 1280
SCHEMES = {"dark": 0, "light": 1}


def look(page: str, script: str, folder: Path, *, width: int, scheme: str = "light") -> Any:
    """Open a page in a frame of so many pixels; return what the script says of it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("left out: no chromium")
    # A headless window is never as narrow as a telephone, a frame is.
    (folder / "page.html").write_text(page.replace("</body>", f"{script}</body>"))
    frame = f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe>'
    listen = (
        "<pre></pre><script>onmessage = e => {document.querySelector('pre').textContent = e.data}"
        "</script>"
    )
    (folder / "frame.html").write_text(f"<!doctype html><title>x</title>{listen}{frame}")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000"]
    command += ["--allow-file-access-from-files", "--window-size=1400,1000"]
    command += [f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"]
    done = subprocess.run(
        [*command, (folder / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    told = re.search(r"(?s)<pre>(.+?)</pre>", done.stdout)
    assert told is not None, done.stderr[-2000:]
    return json_text.parse(unescape(told[1]))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [TELEPHONE, DESK])
def test_axe_finds_nothing_that_shuts_anybody_out(
    tools: Tools, tmp_path: Path, width: int, scheme: str, page: str
) -> None:
    axe = tools.npm / "node_modules/axe-core/axe.min.js"
    if not axe.exists():
        pytest.skip("left out: no axe-core")
    script = (
        f"<script>{axe.read_text()}</script><script>axe.run().then(found => "
        "parent.postMessage(JSON.stringify({"
        "dark: matchMedia('(prefers-color-scheme: dark)').matches, passes: found.passes.length,"
        "bad: found.violations.map(v => [v.id, v.nodes.map(n => n.html)])}), '*'))</script>"
    )
    told = look(PAGES[page], script, tmp_path, width=width, scheme=scheme)
    assert told["bad"] == []
    assert told["passes"] > 10
    assert told["dark"] is (scheme == "dark")


def test_a_telephone_shows_it_without_scrolling_to_the_side(tmp_path: Path) -> None:
    script = (
        "<script>parent.postMessage(JSON.stringify({wide: document.documentElement.scrollWidth,"
        "narrow: Math.min(...[...document.querySelectorAll('td div')].map("
        "d => d.parentNode.offsetWidth))}),"
        "'*')</script>"
    )
    told = look(PAGES["full"], script, tmp_path, width=TELEPHONE)
    assert told["wide"] <= TELEPHONE
    assert told["narrow"] > 300
