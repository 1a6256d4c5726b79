"""Starts `purveyor` on a CI runner: finds a Python, makes its libraries ready, becomes it.

    python3 setup/start.py run

Any Python from 3.8 on can run this file; nothing outside its standard library is used.
The process stays one and the same (`exec`), so that a runner's signals reach Purveyor itself.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # -I leaves it out
from setup_error import SetupError

NEEDED = (3, 11)
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
ROOT = Path(__file__).resolve().parent.parent
INSIDE = (
    "import sys; sys.path[:0] = sys.argv[1:3]; sys.argv[:3] = ['purveyor'];"
    " from purveyor.cli import main; main()"
)
FAILED = 1
WITH = "WITH_"


def main() -> None:
    """Become `purveyor`, with this program's arguments."""
    try:
        start(sys.argv[1:])
    except SetupError as error:
        tell(f"error: {error}", *(f"  tried: {line}" for line in error.tried))
        tell(f"  next: {error.next_step}")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def start(arguments: list[str]) -> None:
    """Find a Python, get its libraries ready, log in to the cloud, and exec."""
    if sys.version_info < NEEDED:
        python = find_python(os.environ)
        become([python, "-I", str(Path(__file__).resolve()), *arguments])
    from cloud_login import log_in
    from libraries import choose_cache, libraries

    take_over(os.environ)
    cache = choose_cache(os.environ)
    os.environ["PURVEYOR_CACHE"] = str(cache)
    folder = libraries(cache, ROOT / "requirements", os.environ)
    found, faults = log_in(os.environ)
    os.environ.update(found)
    for fault in faults:
        tell(f"warning: no login to {fault}")
    paths = [str(ROOT / "src"), str(folder)]
    become([sys.executable, "-I", "-c", INSIDE, *paths, *arguments])


def tell(*lines: str) -> None:
    """Say it on standard error; one that is closed or full keeps no run from beginning."""
    with contextlib.suppress(OSError):
        os.write(2, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def take_over(environ: os._Environ[str]) -> None:
    """Let WITH_NAME become NAME where it says something: an empty input leaves NAME as it was."""
    for name in [name for name in environ if name.startswith(WITH)]:
        value = environ.pop(name)
        if value:
            environ[name[len(WITH) :]] = value


def become(command: list[str]) -> None:
    """Replace this process: same id, so that a runner's signals arrive."""
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


def find_python(environ: os._Environ[str]) -> str:
    """Return the newest Python that is new enough, on PATH or in the runner's tool cache."""
    seen = {}
    for path in candidates(environ):
        version = ask_version(path)
        if version >= NEEDED:
            return path
        seen[path] = ".".join(map(str, version)) or "does not start"
    raise SetupError(
        f"No Python {NEEDED[0]}.{NEEDED[1]} or newer is on this runner.",
        [f"{path}: {told}" for path, told in seen.items()]
        + [f"PATH: {environ.get('PATH', '')}"]
        + [f"tool cache: {folder}" for folder in tool_caches(environ)],
        "Put one on PATH: actions/setup-python, UsePythonVersion@0 or the image python:3.12-slim.",
    )


def candidates(environ: os._Environ[str]) -> list[str]:
    """Name the programs to ask, newest first where the name tells."""
    cached = [
        path
        for folder in tool_caches(environ)
        for path in Path(folder).glob("Python/3.*/*/bin/python3")
    ]
    cached.sort(key=lambda path: numbers(path.parts[-4]), reverse=True)
    on_path = [path for path in map(shutil.which, NAMES) if path]
    return list(dict.fromkeys(on_path[:-2] + [str(path) for path in cached] + on_path[-2:]))


def tool_caches(environ: os._Environ[str]) -> list[str]:
    """Return the folders in which runners keep tools: GitHub's name, then Azure's."""
    found = [environ.get(name) for name in ("RUNNER_TOOL_CACHE", "AGENT_TOOLSDIRECTORY")]
    return list(dict.fromkeys(path for path in found if path))


def numbers(version: str) -> tuple[int, ...]:
    """Read `3.12.4` as (3, 12, 4); what is no number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def ask_version(python: str) -> tuple[int, ...]:
    """Return a Python's (major, minor); empty when it does not start."""
    command = [python, "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return numbers(done.stdout.decode("ascii", "replace").strip())


if __name__ == "__main__":
    main()
