"""A login's files are fresh for as long as a run works, whoever is slow, silent or gone."""

from __future__ import annotations

import re
import stat
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from purveyor.credentials.renewal import Fresh, KeptFile, Renewal
from purveyor.errors import CredentialsError
from purveyor.redaction import MASK, Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE = 10.0


@dataclass
class Source:
    """Gives one text after the other, each living `life` seconds; silent while `gone`."""

    life: float
    given: int = 0
    asked: int = 0
    gone: bool = False
    slow: bool = False
    heard: threading.Event = field(default_factory=threading.Event)
    fault: Exception | None = None
    came: threading.Event = field(default_factory=threading.Event)

    def fetch(self) -> Fresh:
        """Give the next one."""
        self.asked += 1
        self.came.set()
        if self.slow:
            assert self.heard.wait(3 * _PATIENCE)
        if self.fault is not None:
            raise self.fault
        if self.gone:
            raise CredentialsError("AWS did not answer.", hint="Wait.")
        self.given += 1
        now = time.time()
        return Fresh(f"text {self.given}", (f"secret-{self.given}",), now, now + self.life)


@dataclass
class Kept:
    """A renewal over one file, and what it told."""

    renewal: Renewal
    path: Path
    redactor: Redactor
    told: list[str]

    def wait_for(self, text: str) -> None:
        """Wait until the file holds a text."""
        until = time.monotonic() + _PATIENCE
        while self.path.read_text() != text:
            assert time.monotonic() < until, self.path.read_text()
            time.sleep(0.01)


def keep(source: Source, folder: Path) -> Kept:
    first, path = source.fetch(), folder / "session"
    path.write_text(first.text)
    told: list[str] = []
    redactor = Redactor(first.secrets)
    file = KeptFile(path, source.fetch, first)
    renewal = Renewal([file], learn=redactor.add, tell=told.append)
    return Kept(renewal, path, redactor, told)


@pytest.fixture
def source() -> Source:
    return Source(life=1.0)


@pytest.fixture
def kept(source: Source, tmp_path: Path) -> Iterator[Kept]:
    made = keep(source, tmp_path)
    yield made
    made.renewal.stop()


def test_each_text_is_replaced_before_half_of_its_life_is_long_over(
    kept: Kept, source: Source
) -> None:
    begun = time.time()
    kept.renewal.start()
    kept.wait_for("text 3")
    assert time.time() - begun < 2 * source.life, "the second had not ended yet"
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert kept.told == []


def test_a_new_secret_is_known_before_it_is_in_the_file(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    kept = keep(source, tmp_path)

    def replace(path: Path, text: str) -> None:
        del path, text
        seen.append(kept.redactor.redact("it is secret-2"))

    monkeypatch.setattr("purveyor.credentials.renewal.replace_private", replace)
    kept.renewal.renew()
    assert seen == [f"it is {MASK}"]


def test_a_source_that_is_silent_for_a_while_is_told_once_and_tried_again(
    tmp_path: Path,
) -> None:
    source = Source(life=4.0)
    kept = keep(source, tmp_path)
    source.gone = True
    kept.renewal.start()
    until = time.monotonic() + _PATIENCE
    while not kept.told:
        assert time.monotonic() < until
        time.sleep(0.01)
    source.came.clear()
    assert source.came.wait(_PATIENCE), "it is tried again"
    assert len(kept.told) == 1
    assert re.search(r"it ends in \d s\.", kept.told[0])
    assert "AWS did not answer." in kept.told[0]
    assert "secret" not in kept.told[0]
    source.gone = False
    kept.wait_for("text 2")
    kept.renewal.stop()


def test_a_source_is_not_hurried_for_a_login_that_has_ended(tmp_path: Path) -> None:
    source = Source(life=0.5)
    kept = keep(source, tmp_path)
    source.gone = True
    kept.renewal.start()
    assert not threading.Event().wait(3 * source.life)
    kept.renewal.stop()
    # The first, one at half of its life, one more before its end, and one when it is over.
    assert 2 <= source.asked <= 4


def test_a_source_that_breaks_in_a_way_that_nobody_foresaw_is_told_without_its_words(
    tmp_path: Path,
) -> None:
    source = Source(life=3600.0)
    kept = keep(source, tmp_path)
    source.fault = KeyError("secret-1")
    kept.renewal.renew()
    assert "It failed unexpectedly (KeyError)." in kept.told[0]
    assert "secret" not in kept.told[0]
    source.fault = None
    kept.renewal.renew()
    assert kept.path.read_text() == "text 2"


def test_everything_is_had_anew_at_once_when_it_is_asked_for(tmp_path: Path) -> None:
    source = Source(life=3600.0)
    kept = keep(source, tmp_path)
    kept.renewal.renew()
    assert kept.path.read_text() == "text 2"
    source.gone = True
    kept.renewal.renew()
    assert kept.path.read_text() == "text 2"
    assert "it ends in 59 min" in kept.told[0]


def test_whoever_asks_does_not_wait_long_for_a_silent_source(tmp_path: Path) -> None:
    source = Source(life=3600.0)
    kept = keep(source, tmp_path)
    source.slow = True
    begun = time.monotonic()
    kept.renewal.renew()
    assert time.monotonic() - begun < _PATIENCE
    assert kept.path.read_text() == "text 1"
    source.heard.set()
    kept.wait_for("text 2")


def test_nothing_is_written_once_it_is_stopped(tmp_path: Path) -> None:
    kept = keep(Source(life=3600.0), tmp_path)
    kept.renewal.stop()
    kept.renewal.renew()
    assert kept.path.read_text() == "text 1"
    assert [each.name for each in tmp_path.iterdir()] == ["session"]


def test_a_folder_that_went_away_with_the_run_is_not_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "logins"
    folder.mkdir()
    kept = keep(Source(life=3600.0), folder)
    kept.path.unlink()
    folder.rmdir()
    kept.renewal.renew()
    assert not folder.exists()
    assert kept.told == []


def test_without_files_there_is_no_thread(tmp_path: Path) -> None:
    del tmp_path
    before = threading.active_count()
    Renewal([], learn=print, tell=print).start()
    assert threading.active_count() == before
