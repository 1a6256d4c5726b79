"""Bringing an engine into the cache: whole or not at all, and once for many at a time."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.engines.binary.model import PROGRAMS, EngineBinary
from purveyor.engines.binary.places import cached_program, engines_folder
from purveyor.engines.binary.release import Release, fetch_release
from purveyor.engines.binary.version import ask_version, program_version
from purveyor.errors import EngineError, ReasonCode
from purveyor.transport.download import DownloadError
from purveyor.transport.retry import DOWNLOAD, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.settings import Settings

_STAGING = ".install-"


@dataclass(frozen=True, slots=True)
class Installed:
    """An engine in the cache, and how it got there: `cache` (it was there) or `release`."""

    engine: EngineBinary
    way: str


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who hears how it goes on: sentences, and bytes fetched with bytes in all (or None)."""

    say: Callable[[str], None] = lambda _sentence: None
    progress: Callable[[int, int | None], None] = lambda _done, _total: None


def install_engine(
    release: Release,
    settings: Settings,
    *,
    watcher: Watcher | None = None,
    policy: RetryPolicy = DOWNLOAD,
) -> Installed:
    """Install one version of one engine; when the cache has it already, do nothing.

    Raise EngineError where the release site gives nothing that is right.
    """
    watcher = watcher or Watcher()
    with _one_at_a_time(engines_folder(settings), watcher):
        final = cached_program(release.name, release.version, settings)
        if program_version(final, settings) == release.version:
            return Installed(EngineBinary(final, release.name, release.version), "cache")
        with tempfile.TemporaryDirectory(dir=engines_folder(settings), prefix=_STAGING) as folder:
            program = _fetch(release, Path(folder), watcher, policy)
            _check(program, release, settings)
            final.parent.mkdir(parents=True, exist_ok=True)
            program.replace(final)
        return Installed(EngineBinary(final, release.name, release.version), "release")


@contextlib.contextmanager
def _one_at_a_time(folder: Path, watcher: Watcher) -> Iterator[None]:
    """Hold the folder's lock, which the system frees when its holder dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".install.lock").open("ab")
    except OSError as error:
        raise EngineError(
            f"The cache folder {folder} cannot be written: {error.strerror}.",
            hint="Set PURVEYOR_CACHE to a folder that can.",
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            watcher.say("Another installation is going on: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        _clear_away(folder)
        yield


def _clear_away(folder: Path) -> None:
    """Remove what killed installations left; we hold the lock, so that none is alive."""
    for left in folder.glob(f"{_STAGING}*/"):
        shutil.rmtree(left, ignore_errors=True)


def _fetch(release: Release, staging: Path, watcher: Watcher, policy: RetryPolicy) -> Path:
    watcher.say(f"Fetching {release.archive} from {release.shown}")
    try:
        return fetch_release(release, staging, on_progress=watcher.progress, policy=policy)
    except DownloadError as error:
        raise EngineError(
            f"{release.name} {release.version} could not be installed.",
            hint="Name a release site that can be reached (--from or PURVEYOR_ENGINE_RELEASES),"
            f" or put `{PROGRAMS[release.name]}` on PATH.",
            details=[f"release site {release.shown}: {error}"],
            reason=ReasonCode.ENGINE_NOT_FOUND,
        ) from None


def _check(program: Path, release: Release, settings: Settings) -> None:
    """Run the program once: it must be for this machine and of the version that was asked for."""
    program.chmod(0o755)
    version = ask_version(program, settings)
    if version != release.version:
        told = f"says that it is {version}" if version else "does not run on this machine"
        raise EngineError(
            f"What was to be {release.name} {release.version} {told}: nothing was installed.",
            hint="Check the version and the release site.",
        )
