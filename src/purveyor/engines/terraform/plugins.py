"""Where provider plugins come from: a mirror, the shared cache, or the registries."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from purveyor import json_text
from purveyor.engines.terraform.files import write_private
from purveyor.errors import CatalogError
from purveyor.hcl.native_syntax import Block, find_items
from purveyor.hcl.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from purveyor.process import Interruption

TERRAFORM_REGISTRY = "registry.terraform.io"
OPENTOFU_REGISTRY = "registry.opentofu.org"
_SAFE_CACHE_SINCE = Version("1.10")


def choose_mirror(text: str) -> Path | str | None:
    """Read a mirror's folder or address from a setting; raise CatalogError for what is neither."""
    if not text or text.startswith("https://"):
        return f"{text.rstrip('/')}/" if text else None
    if not Path(text).is_dir():
        raise CatalogError(
            "PURVEYOR_PLUGIN_MIRROR names neither a folder nor an https address.",
            hint="Name a folder that `providers mirror` has filled, or a network mirror's address.",
        )
    return Path(text).absolute()


def find_users_config(environment: Mapping[str, str], engine: str) -> list[Path]:
    """Return the files that the engine would read as its user's configuration."""
    named = environment.get("TF_CLI_CONFIG_FILE") or environment.get("TERRAFORM_CONFIG")
    if named:
        return [path for path in [Path(named)] if path.is_file()]
    if not environment.get("HOME"):
        return []
    home = Path(environment["HOME"])
    others = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    tofus = [home / ".tofurc", others / "opentofu/tofurc"] if engine != "terraform" else []
    main = next((each for each in [*tofus, home / ".terraformrc"] if each.is_file()), None)
    return [*([main] if main else []), *sorted(home.glob(".terraform.d/*.tfrc"))]


def write_cli_config(file: Path, mirror: Path | str, users: Sequence[Path] = ()) -> list[str]:
    """Write the engine's configuration: the user's, and a mirror that stands in for its own.

    A provider that a mirror's folder holds is never asked for elsewhere: runs stay the same with
    and without a network. Return what is ignored of the user's files.
    """
    texts, ignored = [], []
    for each in users:
        try:
            text, found = _without_installation(each.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            text, found = "", "it"
        texts.append(text)
        if found:
            ignored.append(f"{each}: {found} is ignored, since PURVEYOR_PLUGIN_MIRROR is set.")
    place = json_text.write(str(mirror))
    if isinstance(mirror, str):
        sources = f"  network_mirror {{\n    url = {place}\n  }}"
    else:
        held = json_text.write(list_providers(mirror))
        sources = (
            f"  filesystem_mirror {{\n    path    = {place}\n    include = {held}\n  }}\n"
            f"  direct {{\n    exclude = {held}\n  }}"
        )
    write_private(file, "\n".join([*texts, f"provider_installation {{\n{sources}\n}}\n"]))
    return ignored


def _without_installation(text: str) -> tuple[str, str]:
    if text.lstrip().startswith("{"):
        raise ValueError  # JSON, to which nothing can be added
    tokens = scan(text)
    for item in find_items(tokens, 0, len(tokens.all)):
        if isinstance(item, Block) and item.head.text == "provider_installation":
            end = tokens.all[item.end].offset + 1
            return text[: item.head.offset] + text[end:], "its `provider_installation`"
    return text, ""


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
