"""Nothing is installed that the engine's makers have not signed, and nothing comes without TLS."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pysequoia import Cert, Tsk
from release_fixtures import (
    ARCHIVE,
    CHECKSUMS,
    GOOD,
    SIGNATURE,
    VERSION,
    ReleaseSite,
    good_site,
    install_from,
    left_over,
    release_files,
    serving,
    settings_below,
    signed,
    zipped,
)

from purveyor.engines.binary import release
from purveyor.engines.binary.release import Release, is_signed
from purveyor.errors import EngineError

SIGNED = Path(__file__).parent / "signed"
PINNED = Path(release.__file__).parent / "keys"
REAL = {
    "terraform": ("terraform_1.9.8_SHA256SUMS", "sig"),
    "opentofu": ("tofu_1.8.5_SHA256SUMS", "gpgsig"),
}


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "KEYS", PINNED)


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize("name", REAL)
def test_the_pinned_keys_are_those_that_real_releases_are_signed_with(name: str) -> None:
    file, suffix = REAL[name]
    text, signed_by = (SIGNED / file).read_bytes(), (SIGNED / f"{file}.{suffix}").read_bytes()
    other = "opentofu" if name == "terraform" else "terraform"

    assert is_signed(name, text, signed_by)
    assert not is_signed(name, text + b"\n", signed_by)
    assert not is_signed(name, text.replace(b"0", b"1", 1), signed_by)
    assert not is_signed(other, text, signed_by)
    assert not is_signed(name, text, b"")
    assert not is_signed(name, text, b"no signature")


def test_the_pinned_keys_have_the_fingerprints_that_their_owners_publish() -> None:
    found = {each.name: Cert.from_file(str(each)).fingerprint for each in PINNED.iterdir()}
    assert found == {
        "hashicorp.gpg": "c874011f0ab405110d02105534365d9472d7468f",
        "opentofu.gpg": "e3e6e43d84cb852eadb0051d0c0af313e5fd9f80",
    }


def test_what_others_have_signed_is_refused_and_nothing_is_tried_instead(tmp_path: Path) -> None:
    stolen = zipped(("tofu", b"#!/bin/sh\ntouch /tmp/stolen\n"))
    sums = release_files(stolen)[CHECKSUMS]
    settings = settings_below(tmp_path)
    with serving(ReleaseSite(signed(stolen, sums, by=Tsk.generate("somebody")))) as site:
        with pytest.raises(EngineError, match="is not signed by the engine's makers"):
            install_from(site, settings)
        assert site.asked == [CHECKSUMS, SIGNATURE]
    assert left_over(settings) == []


def test_a_release_without_a_signature_is_refused(tmp_path: Path) -> None:
    with good_site() as site:
        del site.files[SIGNATURE]
        with pytest.raises(EngineError) as caught:
            install_from(site, settings_below(tmp_path))
        assert ARCHIVE not in site.asked
    assert caught.value.details[0].endswith("SHA256SUMS.gpgsig: HTTP status 404")


def test_where_no_signature_can_be_checked_nothing_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    with (
        serving(ReleaseSite(release_files(GOOD))) as site,
        pytest.raises(EngineError, match="cannot be checked on this machine"),
    ):
        install_from(site, settings_below(tmp_path))


@pytest.mark.parametrize(
    "base",
    [
        "file:///etc",
        "ftp://site",
        "site.example",
        "http://site.example",
        "http://127.0.0.1.example",
    ],
)
def test_a_release_site_is_asked_over_https_only(base: str) -> None:
    with pytest.raises(EngineError, match="no https address"):
        Release("opentofu", VERSION, base)
