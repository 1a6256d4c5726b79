"""Whether a run still lives: asked at its CI, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from purveyor.dispatch import azure, github, gitlab, terminal
from purveyor.dispatch.model import RunState
from purveyor.errors import CatalogError
from purveyor.extras import require
from purveyor.run_identity import SWEEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings


class _Vendor(Protocol):
    @property
    def TOKENS(self) -> tuple[str, ...]: ...  # noqa: N802 - a module's constant
    @property
    def ADDRESSES(self) -> tuple[str, ...]: ...  # noqa: N802 - a module's constant

    def ask(self, identity: RunIdentity, settings: Settings, token: str) -> RunState: ...


_VENDORS: Mapping[str, tuple[str, _Vendor]] = {
    "github": ("GitHub", github),
    "gitlab": ("GitLab", gitlab),
    "azure": ("Azure Pipelines", azure),
}
_DEFAULT_ADDRESS = frozenset({"github"})


def look_up(identity: RunIdentity, settings: Settings) -> RunState:
    """Ask whether a run lives. Never raises: what cannot be asked is unknown, never dead.

    A run of no CI is judged by its process. A sweep that took an action ends it at once, or never
    will, and changes nothing: whoever asks, which is after minutes, may follow it.
    """
    if identity.ci == SWEEP:
        return RunState(False, "a sweep took it, and has not ended it", identity.url)
    if identity.ci == "terminal":
        return terminal.judge(identity)
    name, vendor = _VENDORS.get(identity.ci, ("", None))
    if vendor is None:
        return RunState(None, f"nobody knows how to ask {identity.ci[:32]!r}", identity.url)
    token = settings.first(*vendor.TOKENS)
    why = _why_not(identity, settings, vendor, has_token=token is not None)
    if why or token is None:
        return RunState(None, why, identity.url)
    try:
        return vendor.ask(identity, settings, token)
    except Exception as error:  # noqa: BLE001 - three libraries, each with errors of its own: all mean "unknown"
        return RunState(None, f"{name} gave no answer ({_describe(error)})", identity.url)


def _why_not(identity: RunIdentity, settings: Settings, vendor: _Vendor, *, has_token: bool) -> str:
    if not has_token:
        return f"{vendor.TOKENS[0]} is not set"
    if identity.ci not in _DEFAULT_ADDRESS and not settings.first(*vendor.ADDRESSES):
        return f"{vendor.ADDRESSES[0]} is not set"
    if not identity.project or not identity.run.isdecimal():
        return "the journal does not name its run"
    try:
        require(identity.ci)
    except CatalogError:
        return f"purveyor[{identity.ci}] is not installed"
    return ""


def _describe(error: Exception) -> str:
    # An error's text may hold the request, and with it the token: its kind and number say enough.
    for name in ("status", "response_code", "status_code"):
        number = getattr(error, name, None)
        if isinstance(number, int):
            return f"{type(error).__name__}, HTTP {number}"
    return type(error).__name__
