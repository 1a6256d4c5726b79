"""Cells whose fault is an answer of the platform's that nobody expects, from the middle on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fault_deeds import Deed, opened, request_action
from fault_fixtures import Row, follow_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DAY = 86400
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "401 once": {"kind": "expired_token"},
    "404": {"kind": "status", "status": 404, "count": -1},
    "409": {"kind": "status", "status": 409, "count": -1},
    "412": {"kind": "status", "status": 412, "count": -1},
    "429 for a day": {"kind": "status", "status": 429, "seconds": _DAY, "count": -1},
    "HTML with 200": {"kind": "page", "count": -1},
    "a body cut short": {"kind": "cut_short", "count": -1},
    "a body cut short once": {"kind": "cut_short", "method": "PATCH"},
    "HTML with 200 once": {"kind": "page", "method": "PATCH"},
}


def platform_answers(folder: Path, environment: Mapping[str, str], deed: Deed, *, name: str) -> Row:
    """The platform answers so from the moment on that the engine is at work."""
    impatient = {**environment, "PURVEYOR_PLATFORM_PATIENCE": "2"}
    with opened(folder, impatient) as harness:
        requested = request_action(harness, deed)
        deed.early.shut(harness.resource_log)
        started = harness.start(requested)
        deed.early.await_line(harness, started)
        harness.emulator.fault(**ANSWERS[name])
        harness.resource_log.open()
        started.end()
        return follow_up(
            harness, requested, (f"platform: {name}", "apply, to its end"), started, deed=deed
        )


# Where the run looks for the platform, which stands at {url}.
ADDRESSES: Mapping[str, str] = {
    "its name is not known": "https://platform.invalid",
    "it speaks no TLS": "https{url}",
}


def platform_unreachable(
    folder: Path, environment: Mapping[str, str], deed: Deed, *, name: str
) -> Row:
    """The run looks for the platform where it is not to be found; `finish` finds it."""
    direct = {**environment, "HTTPS_PROXY": "", "PURVEYOR_PLATFORM_PATIENCE": "1"}
    with opened(folder, direct) as harness:
        requested = request_action(harness, deed)
        url = harness.emulator.url.removeprefix("http")
        here = ADDRESSES[name].replace("{url}", url)
        started = harness.start(requested, NULLPLATFORM_HOST=here)
        started.end(110)
        return follow_up(harness, requested, ("platform away", name), started, deed=deed)
