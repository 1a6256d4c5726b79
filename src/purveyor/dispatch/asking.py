"""The CIs that are asked, and whether a run still lives: asked at its CI, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dispatch import terminal
from purveyor.dispatch.azure import AzureRuns
from purveyor.dispatch.github import GitHubRuns
from purveyor.dispatch.gitlab import GitLabRuns
from purveyor.dispatch.model import RunState
from purveyor.errors import CatalogError, CredentialsError
from purveyor.extras import require
from purveyor.run_identity import SWEEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.dispatch.model import Vendor
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings

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
    try:
        if identity.ci not in VENDORS:
            why = f"nobody knows how to ask {identity.ci[:32]!r}"
        elif not identity.project or not identity.run.isdecimal():
            why = "the journal does not name its run"
        else:
            return open_vendor(identity.ci, settings).ask(identity)
    except CredentialsError as error:
        why = error.message.rstrip(".")
    except CatalogError:
        why = f"purveyor[{identity.ci}] is not installed"
    except Exception as error:  # noqa: BLE001 - three libraries, each with errors of its own: all mean "unknown"
        why = f"{VENDORS[identity.ci].NAME} gave no answer ({_describe(error)})"
    return RunState(None, why, identity.url)


def _describe(error: Exception) -> str:
    # An error's text may hold the request, and with it the token: its kind and number say enough.
    number = getattr(error, "status", None)
    return f"{type(error).__name__}, HTTP {number}" if number else type(error).__name__
