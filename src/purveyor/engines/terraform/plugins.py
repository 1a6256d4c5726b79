"""Where provider plugins come from: a mirror folder, the shared cache, or the registries."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from purveyor import json_text
from purveyor.engines.terraform.files import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.process import Interruption

TERRAFORM_REGISTRY = "registry.terraform.io"
OPENTOFU_REGISTRY = "registry.opentofu.org"
_SAFE_CACHE_SINCE = Version("1.10")


def write_cli_config(file: Path, mirror: Path | None) -> None:
    """Write the engine's configuration: what the mirror holds comes from it, the rest directly.

    A provider that the mirror holds is never asked for elsewhere: runs stay the same with and
    without a network.
    """
    lines = []
    if mirror is not None:
        held = json_text.write(list_providers(mirror))
        path = json_text.write(str(mirror))
        lines = [
            "provider_installation {",
            f"  filesystem_mirror {{\n    path    = {path}\n    include = {held}\n  }}",
            f"  direct {{\n    exclude = {held}\n  }}",
            "}",
        ]
    write_private(file, "\n".join([*lines, ""]))


def list_providers(mirror: Path) -> list[str]:
    """Return the source addresses that a mirror holds, as `host/namespace/type`."""
    return sorted(
        kind.relative_to(mirror).as_posix() for kind in mirror.glob("*/*/*") if kind.is_dir()
    )


def link_for_opentofu(mirror: Path, into: Path) -> Path:
    """Return a mirror that serves OpenTofu too, made of links when `mirror` is Terraform's only.

    OpenTofu looks below its own registry's name for the same packages; it follows a link to a
    platform's folder, but not one to a provider's (measured).
    """
    if not (mirror / TERRAFORM_REGISTRY).is_dir() or (mirror / OPENTOFU_REGISTRY).is_dir():
        return mirror
    for host in (entry for entry in mirror.iterdir() if entry.is_dir()):
        _link_packages(host, into / host.name)
    _link_packages(mirror / TERRAFORM_REGISTRY, into / OPENTOFU_REGISTRY)
    return into


def _link_packages(registry: Path, into: Path) -> None:
    for provider in (each for each in registry.glob("*/*") if each.is_dir()):
        for entry in provider.iterdir():
            packages = entry.iterdir() if entry.is_dir() else [entry]
            for package in packages:
                link = into / package.relative_to(registry)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(package.resolve())


def shares_cache(engine: str, version: str) -> bool:
    """Tell whether the engine's plugin cache stands several runs at once; OpenTofu's since 1.10."""
    try:
        return engine != "terraform" and Version(version) >= _SAFE_CACHE_SINCE
    except InvalidVersion:
        return False


@contextlib.contextmanager
def alone_in(cache: Path, interruption: Interruption) -> Iterator[None]:
    """Hold the plugin cache for one `init`; give up waiting when the run is asked to stop."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(cache / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not interruption.requested:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                interruption.wait(0.1)
        yield
    finally:
        os.close(descriptor)
