"""Installations side by side, and one that was killed."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - a whole program is started, watched and killed
import sys
from typing import TYPE_CHECKING

import pytest
from release_fixtures import (
    ARCHIVE,
    CHECKSUMS,
    SIGNATURE,
    VERSION,
    ReleaseSite,
    good_site,
    install_from,
    left_over,
    settings_below,
)

from purveyor import json_text
from purveyor.engines.binary import release
from purveyor.engines.binary.places import cached_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.settings import Settings


@pytest.fixture
def site() -> Iterator[ReleaseSite]:
    with good_site() as site:
        yield site


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_below(tmp_path)


def _started(site: ReleaseSite, settings: Settings) -> subprocess.Popen[str]:
    code = (
        "from pathlib import Path; from purveyor.cli import main; "
        "from purveyor.engines.binary import release; "
        f"release.KEYS = Path({str(release.KEYS)!r}); main()"
    )
    argv = [sys.executable, "-c", code, "engine", "install", "--json", "--from", site.address]
    return subprocess.Popen(
        argv,
        env=settings.for_children(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _way(done: tuple[str, str]) -> object:
    told = json_text.parse(done[0])
    assert isinstance(told, dict)
    return told["way"]


def test_two_installations_at_once_fetch_once(site: ReleaseSite, settings: Settings) -> None:
    site.archive_allowed.clear()
    with _started(site, settings) as first:
        assert site.archive_wanted.wait(30)
        with _started(site, settings) as second:
            assert second.stderr is not None
            assert "waiting" in second.stderr.readline()
            site.archive_allowed.set()
            ways = [_way(first.communicate(timeout=30)), _way(second.communicate(timeout=30))]
    assert ways == ["release", "cache"]
    assert site.asked == [CHECKSUMS, SIGNATURE, ARCHIVE]


def test_what_a_killed_installation_left_is_cleared_away(
    site: ReleaseSite, settings: Settings
) -> None:
    site.archive_allowed.clear()
    with _started(site, settings) as killed:
        assert site.archive_wanted.wait(30)
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=30)
    final = cached_program("opentofu", VERSION, settings)
    assert not final.exists()
    assert any(each.name.startswith(".install-") for each in left_over(settings))
    site.archive_allowed.set()
    install_from(site, settings)
    assert [each for each in left_over(settings) if each.is_file()] == [final]
    assert not any(each.name.startswith(".install-") for each in left_over(settings))
