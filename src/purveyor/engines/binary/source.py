"""OpenTofu built from its Go module, where no release site can be reached."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.errors import CancelledError
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.settings import Settings

_MODULE = Path(__file__).parent / "opentofu"
_PACKAGE = "github.com/opentofu/opentofu/cmd/tofu"
_PIN = re.compile(r"github\.com/opentofu/opentofu v(\S+)")
_PASSWORD = re.compile(r"//[^/@\s]*@")
_SECONDS = 3600.0
_LAST_LINES = 5


class BuildError(Exception):
    """The build did not come about; the message says why."""


def pinned_version() -> str:
    """Return the OpenTofu version that go.mod pins, the one that `engine install` installs."""
    match = _PIN.search((_MODULE / "go.mod").read_text(encoding="utf-8"))
    if match is None:
        raise AssertionError("go.mod pins no version of OpenTofu")
    return match[1]


def build_command(go: Path, folder: Path, environment: Mapping[str, str]) -> process.Command:
    """Return the command that builds `tofu` in `folder`, which holds go.mod and go.sum.

    Without the `-X` it would call itself a development build (measured). GOWORK and GOFLAGS of
    the user's own projects would bend the build.
    """
    flags = "-s -w -X github.com/opentofu/opentofu/version.dev=no"
    argv = (
        str(go),
        "build",
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        flags,
        "-o",
        str(folder / "tofu"),
        _PACKAGE,
    )
    fixed = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
    return process.Command(argv, folder, {**environment, **fixed})


def build_from_source(
    version: str, staging: Path, settings: Settings, *, say: Callable[[str], None]
) -> Path:
    """Build OpenTofu in the folder `staging`; takes minutes. Main thread only.

    Raise BuildError, or CancelledError when the run was asked to stop.
    """
    environment = settings.for_children()
    go = process.find("go", environment)
    if go is None:
        raise BuildError("no `go` on PATH")
    if version != pinned_version():
        raise BuildError(f"go.sum is there for {pinned_version()} only")
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(_MODULE / name, staging / name)
    say(f"Building OpenTofu {version} from its Go module: about four minutes the first time")
    command = build_command(go, staging, environment)
    with process.Interruption().caught() as interruption:
        done = process.run(command, interruption=interruption, timeout=_SECONDS)
    if interruption.requested:
        raise CancelledError("The build of OpenTofu was stopped.", hint="Start it again.")
    program = staging / "tofu"
    if done.code != 0 or not program.is_file():
        raise BuildError(f"`go build` ended with {done.code}: {_last_words(done.stderr, settings)}")
    return program


def _last_words(text: str, settings: Settings) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    clear = " / ".join(lines[-_LAST_LINES:]) or "it said nothing"
    return Redactor(settings.secrets()).redact(_PASSWORD.sub("//***@", clear))
