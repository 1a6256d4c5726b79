"""Where engines live: the cache folder, and this machine's name in it."""

from __future__ import annotations

import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.engines.binary.constraint import read_version
from purveyor.engines.binary.model import PROGRAMS
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from purveyor.settings import Settings

_CPU = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i386": "386",
    "i686": "386",
}


def cache_folder(settings: Settings) -> Path:
    """Return the user's cache, `~/.cache/purveyor` by default; it need not exist."""
    home = settings.text("HOME")
    text = settings.text("PURVEYOR_CACHE") or "~/.cache/purveyor"
    if text.startswith("~/") and home:
        return Path(home) / text[2:]
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise _no_cache("nothing says where this user is at home", text) from None


def make_cache(settings: Settings) -> None:
    """Make the cache; raise CatalogError where it cannot be written."""
    folder = cache_folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise _no_cache(str(error.strerror), str(folder)) from None


def _no_cache(why: str, folder: str) -> CatalogError:
    return CatalogError(
        f"There is no folder for engines and plugins: {why}.",
        hint="Set PURVEYOR_CACHE to a folder that this user can write.",
        details=[folder],
    )


def machine() -> str:
    """Return this machine as release files name it, such as `linux_amd64`."""
    cpu = platform.machine().lower()
    return f"{platform.system().lower()}_{_CPU.get(cpu, cpu)}"


def cached_program(name: str, version: str, settings: Settings) -> Path:
    """Return where the cache keeps an engine: `engines/opentofu/1.12.6/linux_amd64/tofu`."""
    return engines_folder(settings) / name / version / machine() / PROGRAMS[name]


def engines_folder(settings: Settings) -> Path:
    return cache_folder(settings) / "engines"


def cached_programs(name: str, settings: Settings) -> list[Path]:
    """Return what the cache holds of an engine for this machine, newest version first."""
    found = (engines_folder(settings) / name).glob(f"*/{machine()}/{PROGRAMS[name]}")
    versions = [(version, path) for path in found if (version := read_version(path.parts[-3]))]
    return [path for _, path in sorted(versions, reverse=True)]
