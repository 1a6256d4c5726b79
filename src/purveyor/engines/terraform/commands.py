"""The engine's argument lists; pure, and without any value of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The engine's own waiting backs off to many seconds; we poll instead, so it never waits.
_LOCK = ("-input=false", "-lock-timeout=0s")
CHANGED = 2
"""The exit code of a plan that has changes."""


def get() -> tuple[str, ...]:
    """Download the modules that the working directory calls; no providers, no backend."""
    return ("get", "-no-color")


def init(*, json: bool, read_only_lock_file: bool) -> tuple[str, ...]:
    """Prepare the working directory: backend, modules, providers."""
    return (
        "init",
        "-input=false",
        "-reconfigure",
        "-json" if json else "-no-color",
        *(("-lockfile=readonly",) if read_only_lock_file else ()),
    )


def plan(file: Path, *, destroys: bool = False, refresh: bool = True) -> tuple[str, ...]:
    """Plan to a file; it ends with 0 or CHANGED."""
    wanted = (*(("-destroy",) if destroys else ()), *(() if refresh else ("-refresh=false",)))
    return ("plan", "-json", *_LOCK, "-detailed-exitcode", f"-out={file}", *wanted)


def apply(file: Path | None = None) -> tuple[str, ...]:
    return ("apply", "-json", *_LOCK, str(file) if file else "-auto-approve")


def destroy(*, refresh: bool = True) -> tuple[str, ...]:
    """Destroy all that is in the state; without a refresh no value matters (measured)."""
    return ("destroy", "-json", *_LOCK, "-auto-approve", *(() if refresh else ("-refresh=false",)))


def show(file: Path) -> tuple[str, ...]:
    """Print a plan as JSON; with secrets in clear."""
    return ("show", "-json", str(file))


def output() -> tuple[str, ...]:
    """Print the state's outputs as JSON; with secrets in clear."""
    return ("output", "-json")


def state_list() -> tuple[str, ...]:
    return ("state", "list")


def force_unlock(lock_id: str) -> tuple[str, ...]:
    return ("force-unlock", "-force", lock_id)


def state_push() -> tuple[str, ...]:
    return ("state", "push", "-lock-timeout=0s", "-")


def state_pull() -> tuple[str, ...]:
    """Print the state; with secrets in clear."""
    return ("state", "pull")
