"""The CIs that are asked, and whether a run still lives: asked at its CI, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from purveyor.dispatch import terminal
from purveyor.dispatch.azure import AzureRuns
from purveyor.dispatch.github import GitHubRuns
from purveyor.dispatch.gitlab import GitLabRuns
from purveyor.dispatch.model import RunState
from purveyor.errors import CatalogError, CredentialsError
from purveyor.extras import require
from purveyor.run_identity import SWEEP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.dispatch.model import Vendor
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings

_T = TypeVar("_T")

VENDORS: Mapping[str, type[Vendor]] = {
    "github": GitHubRuns,
    "gitlab": GitLabRuns,
    "azure": AzureRuns,
}


def open_vendor(ci: str, settings: Settings) -> Vendor:
    """Return a CI's API; raise CredentialsError or CatalogError for what is missing here."""
    vendor = VENDORS[ci]
    token = settings.first(*vendor.TOKENS)
    address = settings.first(*vendor.ADDRESSES) or vendor.DEFAULT
    if not token or not address:
        missing = (vendor.ADDRESSES if token else vendor.TOKENS)[0]
        raise CredentialsError(f"{missing} is not set.", hint=vendor.NEEDS)
    require(ci)
    return vendor(address, token)


def look_up(identity: RunIdentity, settings: Settings) -> RunState:
    """Ask whether a run lives. Never raises: what cannot be asked is unknown, never dead.

    A run of no CI is judged by its process. A sweep that took an action ends it at once, or never
    will, and changes nothing: whoever asks, which is after minutes, may follow it.
    """
    if identity.ci == SWEEP:
        return RunState(False, "a sweep took it, and has not ended it", identity.url)
    if identity.ci == "terminal":
        return terminal.judge(identity)
    state, why = _call(identity, settings, lambda vendor: vendor.ask(identity))
    return state or RunState(None, why, identity.url)


def cancel(identity: RunIdentity, settings: Settings) -> str:
    """Ask a run's CI to stop it; return why it was not asked, or nothing. Never raises."""
    return _call(identity, settings, lambda vendor: vendor.cancel(identity))[1]


def _call(
    identity: RunIdentity, settings: Settings, call: Callable[[Vendor], _T]
) -> tuple[_T | None, str]:
    """Return what the run's CI gives, or why it gave nothing."""
    try:
        if identity.ci not in VENDORS:
            why = f"nobody knows how to ask {identity.ci[:32]!r}"
        elif not identity.project or not identity.run.isdecimal():
            why = "the journal does not name its run"
        else:
            return call(open_vendor(identity.ci, settings)), ""
    except CredentialsError as error:
        why = error.message.rstrip(".")
    except CatalogError:
        why = f"purveyor[{identity.ci}] is not installed"
    except Exception as error:  # noqa: BLE001 - three libraries, each with errors of its own: all mean "unknown"
        why = f"{VENDORS[identity.ci].NAME} gave no answer ({_describe(error)})"
    return None, why


def _describe(error: Exception) -> str:
    # An error's text may hold the request, and with it the token: its kind and number say enough.
    number = getattr(error, "status", None)
    return f"{type(error).__name__}, HTTP {number}" if number else type(error).__name__
