"""An engine gets into the cache whole and checked, or not at all."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

import pytest
from release_fixtures import (
    ARCHIVE,
    CHECKSUMS,
    GOOD,
    SIGNATURE,
    VERSION,
    ReleaseSite,
    fake_program,
    good_site,
    install_from,
    left_over,
    place_program,
    release_files,
    settings_below,
    signed,
    zipped,
)

from purveyor.engines.binary.install import Watcher
from purveyor.engines.binary.model import TESTED_OPENTOFU
from purveyor.engines.binary.places import cached_program
from purveyor.engines.binary.release import Release
from purveyor.errors import EngineError, PurveyorError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.settings import Settings


@pytest.fixture
def site() -> Iterator[ReleaseSite]:
    with good_site() as site:
        yield site


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_below(tmp_path)


def _refused(site: ReleaseSite, settings: Settings) -> PurveyorError:
    """Install, expect a refusal and that it left nothing."""
    with pytest.raises(PurveyorError) as caught:
        install_from(site, settings)
    assert left_over(settings) == []
    return caught.value


def test_a_release_is_fetched_checked_and_ready_to_run(
    site: ReleaseSite, settings: Settings
) -> None:
    installed = install_from(site, settings)
    final = cached_program("opentofu", VERSION, settings)
    assert (installed.engine.path, installed.way) == (final, "release")
    assert final.stat().st_mode & 0o777 == 0o755
    files = [each for each in left_over(settings) if each.is_file()]
    assert files == [final]


def test_what_is_installed_is_not_fetched_again(site: ReleaseSite, settings: Settings) -> None:
    install_from(site, settings)
    site.asked.clear()
    assert install_from(site, settings).way == "cache"
    assert site.asked == []


def test_a_damaged_program_in_the_cache_is_replaced(site: ReleaseSite, settings: Settings) -> None:
    place_program(cached_program("opentofu", VERSION, settings), script="damaged")
    assert install_from(site, settings).way == "release"


def test_progress_counts_up_to_the_whole_file(site: ReleaseSite, settings: Settings) -> None:
    seen: list[tuple[int, int | None]] = []
    install_from(site, settings, Watcher(progress=lambda done, total: seen.append((done, total))))
    assert seen[-1] == (len(GOOD), len(GOOD))


def test_a_site_that_stumbles_once_is_asked_again(site: ReleaseSite, settings: Settings) -> None:
    site.failures.append(503)
    assert install_from(site, settings).way == "release"
    assert site.asked == [CHECKSUMS, CHECKSUMS, SIGNATURE, ARCHIVE]


def test_a_file_that_is_not_the_listed_one_is_refused(
    site: ReleaseSite, settings: Settings
) -> None:
    site.files[ARCHIVE] = zipped(("tofu", b"#!/bin/sh\ntouch /tmp/stolen\n"))
    error = _refused(site, settings)
    assert "is not the file that" in error.message
    assert len(error.details) == 3


def test_a_list_without_the_file_is_refused(site: ReleaseSite, settings: Settings) -> None:
    site.files.update(signed(GOOD, f"{'0' * 64}  other.zip\n".encode()))
    assert "does not list" in _refused(site, settings).details[0]
    assert ARCHIVE not in site.asked


def test_a_transfer_that_breaks_off_is_refused(site: ReleaseSite, settings: Settings) -> None:
    site.cut = 10
    assert "tried 2 times" in _refused(site, settings).details[0]
    assert site.asked.count(ARCHIVE) == 2


def test_a_truncated_file_is_refused(site: ReleaseSite, settings: Settings) -> None:
    site.files[ARCHIVE] = GOOD[:-10]
    assert "is not the file that" in _refused(site, settings).message


def test_a_missing_release_is_told_with_its_address(site: ReleaseSite, settings: Settings) -> None:
    site.files.clear()
    error = _refused(site, settings)
    assert error.reason is ReasonCode.ENGINE_NOT_FOUND
    assert error.details == (f"release site {site.address}/v{VERSION}: HTTP status 404",)
    assert site.asked == [CHECKSUMS]


def test_a_site_that_cannot_be_reached_is_told_with_its_address(settings: Settings) -> None:
    with closing(socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        error = _refused(ReleaseSite({}, address=address), settings)
    assert error.details[0].startswith(f"release site {address}/v{VERSION}: ConnectionRefusedError")
    assert len(error.details) == 1
    assert "PURVEYOR_ENGINE_RELEASES" in error.hint


def test_a_password_in_the_sites_address_is_not_shown(
    site: ReleaseSite, settings: Settings
) -> None:
    site.files.clear()
    said: list[str] = []
    address = site.address.replace("//", "//user:pass-word@") + "?sig=se-cret"
    with pytest.raises(EngineError) as caught:
        install_from(ReleaseSite({}, address=address), settings, Watcher(said.append))
    shown = " ".join([*said, *caught.value.details, caught.value.message, caught.value.hint])
    assert "pass-word" not in shown
    assert "se-cret" not in shown


@pytest.mark.parametrize(
    "archive",
    [
        zipped(("../tofu", b"x")),
        zipped(("bin/tofu", b"x")),
        zipped(("tofu", b"/bin/sh"), kind=0o120777),
        b"no archive",
        b"",
    ],
    ids=["climbing", "elsewhere", "symlink", "no-archive", "empty"],
)
def test_an_archive_without_the_plain_program_is_refused(
    archive: bytes, site: ReleaseSite, settings: Settings
) -> None:
    site.files.update(release_files(archive))
    assert "nothing was installed" in _refused(site, settings).message


def test_a_program_of_another_version_is_refused(site: ReleaseSite, settings: Settings) -> None:
    site.files.update(release_files(zipped(("tofu", fake_program("1.0.0").encode()))))
    assert "says that it is 1.0.0" in _refused(site, settings).message


def test_a_program_for_another_machine_is_refused(site: ReleaseSite, settings: Settings) -> None:
    site.files.update(release_files(zipped(("tofu", b"\x7fELF for another machine"))))
    assert "does not run on this machine" in _refused(site, settings).message


@pytest.mark.parametrize("version", ["../../etc", "1.12", "latest", "1.12.6/..", "", "1.2.3-"])
def test_what_is_no_version_never_becomes_a_path(version: str) -> None:
    with pytest.raises(EngineError, match="is no version"):
        Release("opentofu", version)


def test_terraforms_site_is_laid_out_in_its_own_way() -> None:
    release = Release("terraform", "1.11.4", "https://site.example/terraform/")
    assert release.folder == "https://site.example/terraform/1.11.4"
    assert release.archive.startswith("terraform_1.11.4_")


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(EngineError, match="cannot be written"):
        install_from(ReleaseSite({}), settings)


def test_what_a_checkout_builds_is_what_is_installed() -> None:
    pins = Path(__file__).parents[2] / "tools/opentofu/go.mod"
    assert f"github.com/opentofu/opentofu v{TESTED_OPENTOFU} " in pins.read_text()
