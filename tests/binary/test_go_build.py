"""Where no release site can be reached, OpenTofu is built from its Go module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from release_fixtures import (
    VERSION,
    ReleaseSite,
    fake_program,
    good_site,
    install_from,
    left_over,
    place_program,
    settings_below,
)

from purveyor.engines.binary.source import build_command, pinned_version
from purveyor.errors import CancelledError, EngineError

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


def test_the_build_is_the_pinned_module_and_nothing_of_the_users(tmp_path: Path) -> None:
    command = build_command(Path("/go/bin/go"), tmp_path, {"PATH": "/bin", "GOWORK": "mine"})
    assert command.argv == (
        "/go/bin/go",
        "build",
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        "-s -w -X github.com/opentofu/opentofu/version.dev=no",
        "-o",
        f"{tmp_path}/tofu",
        "github.com/opentofu/opentofu/cmd/tofu",
    )
    fixed = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
    assert command.environment == {"PATH": "/bin", **fixed}
    assert command.cwd == tmp_path


def test_without_a_release_site_go_builds_the_pinned_version(
    site: ReleaseSite, settings: Settings, tmp_path: Path
) -> None:
    site.files.clear()
    build = (
        f"cat > tofu <<'END'\n{fake_program()}END\ngrep -q 'v{VERSION}' go.mod && test -s go.sum"
    )
    place_program(tmp_path / "bin" / "go", script=f"#!/bin/sh\n{build}\n")
    assert pinned_version() == VERSION
    assert install_from(site, settings).way == "go"


def test_a_build_that_fails_is_told_without_passwords(
    site: ReleaseSite, settings: Settings, tmp_path: Path
) -> None:
    site.files.clear()
    words = "get https://user:pass-word@proxy.example: 403 tok-en-of-the-platform"
    place_program(tmp_path / "bin" / "go", script=f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    with pytest.raises(EngineError) as caught:
        install_from(site, settings)
    assert left_over(settings) == []
    assert (
        caught.value.details[1]
        == "Go module: `go build` ended with 1: get https://***@proxy.example: 403 ***"
    )


def test_go_cannot_build_a_version_without_its_sums(
    site: ReleaseSite, settings: Settings, tmp_path: Path
) -> None:
    place_program(tmp_path / "bin" / "go", script="#!/bin/sh\nexit 9\n")
    with pytest.raises(EngineError) as caught:
        install_from(site, settings, version="1.11.0")
    assert caught.value.details[1] == f"Go module: go.sum is there for {VERSION} only"


def test_a_build_that_is_stopped_leaves_nothing(
    site: ReleaseSite, settings: Settings, tmp_path: Path
) -> None:
    site.files.clear()
    waits = "trap 'exit 1' INT\nkill -INT $PPID\nwhile :; do sleep 0.02; done"
    place_program(tmp_path / "bin" / "go", script=f"#!/bin/sh\n{waits}\n")
    with pytest.raises(CancelledError):
        install_from(site, settings)
    assert left_over(settings) == []
