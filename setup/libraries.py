"""The run-time libraries in a private folder: installed once, hash by hash, then found there."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pip_settings import uv_settings
from setup_error import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

STAGING = ".new-"
CONTENTS = ".contents"
UNUSED_SECONDS = 30 * 24 * 3600
SECONDS = 600
LAST_LINES = 8
FIXED = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
NOT_FOR_INSTALLERS = re.compile(
    r"(PURVEYOR_)?CONTEXT|NP_.*|NULLPLATFORM_.*|AWS_.*|ACTIONS_ID_TOKEN_.*|.*_SECRET|.*_API_KEY"
)


class InstallError(Exception):
    """One way of installing did not work."""


def choose_cache(environ: MutableMapping[str, str]) -> Path:
    """Return the first folder that can be written: the user's choice, the cache, the job's own."""
    wanted = environ.get("PURVEYOR_CACHE")
    if wanted:
        names = [wanted]
    else:
        names = ["~/.cache/purveyor"]
        names += [
            f"{environ[name]}/purveyor"
            for name in ("RUNNER_TEMP", "AGENT_TEMPDIRECTORY")
            if environ.get(name)
        ]
    tried = []
    for name in names:
        folder = Path(name).expanduser().absolute()
        try:
            (folder / "python").mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:
            tried.append(f"{folder}: {error}")
            continue
        if os.access(folder / "python", os.W_OK | os.X_OK):
            return folder
        tried.append(f"{folder}: cannot be written")
    raise SetupError(
        "There is no folder for Purveyor's libraries.",
        tried,
        "Set PURVEYOR_CACHE to a folder that this user can write.",
    )


def libraries(cache: Path, locks: Path, environ: MutableMapping[str, str]) -> Path:
    """Return the folder with what `run.txt` locks, for this Python on this machine."""
    lock = locks / "run.txt"
    folder = cache / "python" / f"run-{fingerprint(lock)}"
    if is_whole(folder):
        with contextlib.suppress(OSError):
            os.utime(folder)
        return folder
    return once(folder, lambda staging: install(staging, folder.parent, locks, environ))


def fingerprint(lock: Path) -> str:
    """Name the lock's text, the Python and the machine: what is built for one fits no other."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    text = f"{sys.implementation.name} {sys.version_info[:2]} {suffix} {sysconfig.get_platform()}\n"
    return hashlib.sha256(text.encode() + lock.read_bytes()).hexdigest()[:20]


def is_whole(folder: Path) -> bool:
    """Tell whether a folder holds exactly the files, by number and size, that were installed."""
    try:
        told = (folder / CONTENTS).read_text("ascii")
    except (OSError, ValueError):
        return False
    return told == contents(folder)


def contents(folder: Path) -> str:
    """Sum up the files below a folder; compiled ones come later and do not count."""
    count = size = 0
    waiting = [str(folder)]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    waiting.append(entry.path)
            elif entry.name != CONTENTS:
                count += 1
                size += entry.stat(follow_symlinks=False).st_size
    return f"{count} files, {size} bytes\n"


def once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder and put it in its place in one move; of several jobs, one does the work."""
    with alone(folder.parent):
        if is_whole(folder):
            return folder
        staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=STAGING))
        try:
            fill(staging)
            (staging / CONTENTS).write_text(contents(staging), "ascii")
            discard(folder)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return folder


@contextlib.contextmanager
def alone(parent: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system frees when its holder dies; then tidy up."""
    with (parent / ".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a file system without locks: the move into place stays safe
            yield
            return
        old = time.time() - UNUSED_SECONDS
        for each in parent.iterdir():
            if each.name.startswith(STAGING) or (each.is_dir() and each.stat().st_mtime < old):
                shutil.rmtree(each, ignore_errors=True)
        yield


def discard(folder: Path) -> None:
    """Move a damaged folder out of the way, then remove it."""
    if folder.exists():
        away = Path(tempfile.mkdtemp(dir=folder.parent, prefix=STAGING))
        folder.rename(away / "damaged")
        shutil.rmtree(away, ignore_errors=True)


def install(staging: Path, parent: Path, locks: Path, environ: MutableMapping[str, str]) -> None:
    """Install the locked libraries with uv, which pip brings if it is not there; else with pip.

    Measured cold, 35 libraries: uv 1.3 s, pip and then uv 2.9 s, pip alone 9.5 s.
    """
    run = locks / "run.txt"
    clean = {k: v for k, v in environ.items() if not NOT_FOR_INSTALLERS.fullmatch(k)}
    ways: dict[str, Callable[[], None]] = {
        "uv on PATH": lambda: uv_install(found_uv(), run, staging, clean),
        "uv, installed by pip": lambda: uv_install(
            own_uv(staging, parent, locks / "bootstrap.txt", clean), run, staging, clean
        ),
        "pip": lambda: pip_install(run, staging, clean),
    }
    tried = []
    for name, way in ways.items():
        try:
            way()
        except InstallError as error:
            tried.append(f"{name}: {error}")
            empty(staging)
        else:
            return
    raise SetupError(
        f"Purveyor's libraries could not be installed for {sys.executable}.",
        tried,
        "Let the runner reach a package index (PIP_INDEX_URL names a mirror), and give it pip or"
        " uv; or keep the cache folder from a job that could (PURVEYOR_CACHE).",
    )


def found_uv() -> str:
    """Return the uv on PATH."""
    found = shutil.which("uv")
    if not found:
        raise InstallError("not there")
    return found


def own_uv(staging: Path, parent: Path, lock: Path, environ: dict[str, str]) -> str:
    """Return the locked uv, which the cache keeps beside the libraries."""
    tool = parent / f"uv-{fingerprint(lock)}"
    if not is_whole(tool):
        fresh = staging / STAGING
        fresh.mkdir()
        pip_install(lock, fresh, environ)
        (fresh / CONTENTS).write_text(contents(fresh), "ascii")
        discard(tool)
        fresh.rename(tool)
    return str(tool / "bin" / "uv")


def uv_install(uv: str, lock: Path, target: Path, environ: dict[str, str]) -> None:
    """Install with uv, at the indexes that pip is set up for."""
    command = [uv, "pip", "install", *FIXED, "--no-cache", "--python", sys.executable]
    command += ["--target", str(target), "-r", str(lock)]
    execute(command, target, {**uv_settings(environ), **environ})


def pip_install(lock: Path, target: Path, environ: dict[str, str]) -> None:
    """Install with this Python's pip."""
    command = [sys.executable, "-I", "-m", "pip", "install", *FIXED, "--no-compile"]
    command += ["--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
    command += ["--target", str(target), "-r", str(lock)]
    execute(command, target, environ)


def execute(command: list[str], folder: Path, environ: dict[str, str]) -> None:
    """Run an installer; raise InstallError with the last lines of what it said."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except OSError as error:
        raise InstallError(f"does not start: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise InstallError(f"gave up after {SECONDS} s") from None
    if done.returncode != 0:
        raise InstallError(f"ended with {done.returncode}{shown(done.stdout)}")


def shown(output: bytes) -> str:
    """Return an installer's last lines, without passwords and without a CI's commands."""
    text = re.sub(r"//[^/@\s]*@", "//", output.decode("utf-8", "replace"))
    lines = [line.strip().replace("##", "# #") for line in text.splitlines() if line.strip()]
    return "".join(f"\n    | {line}" for line in lines[-LAST_LINES:])


def empty(folder: Path) -> None:
    """Remove what a failed way left."""
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
        else:
            each.unlink()
