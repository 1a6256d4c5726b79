"""Starts runs of a pipeline with a CONTEXT that no CI changes on the way, and follows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.dispatch.asking import VENDORS, open_vendor
from purveyor.dispatch.errors import DispatchError, explained
from purveyor.durations import tell_duration
from purveyor.errors import CancelledError, CatalogError, ContextError, ReasonCode
from purveyor.notification import parse_notification, read_source, unquote

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.clock import Clock
    from purveyor.dispatch.model import PipelineTarget, RunState, Vendor
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings

_POLL = 5.0


def encode(notification: bytes, place: str) -> str:
    r"""Return a CONTEXT as JSON that means the same and holds nothing that a CI expands.

    GitLab puts variables in place of `$NAME`, Azure in place of `$(NAME)`, and both GitHub and
    Azure obey `##[` in a log: `$` and `#`, which stand in strings only, become \u0024 and \u0023.
    """
    origin = read_source(notification, place)
    parse_notification(origin)
    text = json_text.write(json_text.parse(unquote(origin.text.strip())), compact=True)
    return text.replace("$", "\\u0024").replace("#", "\\u0023")


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Starts runs of one pipeline. Several threads may use it."""

    target: PipelineTarget
    vendor: Vendor

    def start(self, notification: bytes, place: str = "the notification") -> RunIdentity:
        """Start a run that carries out what `place` asks for.

        Raise ContextError for what no run could carry out, and DispatchError where the CI refuses:
        it says whether another try may help.
        """
        context, most = encode(notification, place), self.vendor.LONGEST
        if len(context) > most:
            raise ContextError(
                f"The CONTEXT in {place} is too large for {self.vendor.NAME}: {len(context)}"
                f" characters of JSON, and it takes {most}.",
                hint="Keep large values out of the parameters, and hand over their address.",
            )
        where = f"{self.target.pipeline} in {self.target.project}".removeprefix(" in ")
        with explained(self.vendor, f"start {where} on {self.target.reference}"):
            return self.vendor.start(self.target, context)

    def follow(
        self, run: RunIdentity, tell: Callable[[str], object], *, limit: float, clock: Clock
    ) -> RunState:
        """Wait until a run ends, `limit` seconds at most, and tell each change.

        Raise DispatchError when the CI cannot be asked, and CancelledError when the time is over or
        `clock.pause` says so. The run goes on in both cases.
        """
        if not run.run:
            raise DispatchError(
                f"{self.vendor.NAME} took the request, and does not show which run began.",
                hint=f"Look for it before you start another one: {run.url}.",
            )
        last, end = "", clock.clock() + limit
        while True:
            pause = _POLL
            try:
                with explained(self.vendor, f"show the run {run.url}"):
                    state = self.vendor.ask(run)
                if state.conclusion != last:
                    tell(state.conclusion)
                last = state.conclusion
                if not state.alive:
                    return state
            except DispatchError as error:
                pause = max(_POLL, error.retry_after or 0.0)
                if not error.again or clock.clock() + pause > end:
                    raise
            if clock.clock() + pause > end or clock.pause(pause):
                raise CancelledError(
                    f"The run has not ended within {tell_duration(limit)}; it is {last!r}.",
                    hint=f"It goes on: {run.url}. If it does not begin, no runner takes it.",
                    reason=ReasonCode.TIMED_OUT,
                )


def open_dispatcher(ci: str, target: PipelineTarget, settings: Settings) -> Dispatcher:
    """Return what starts a pipeline of `github`, `gitlab` or `azure`; raise as `open_vendor`."""
    pattern = {"github": r"[\w.-]+", "gitlab": "", "azure": r"\d+"}[ci]
    if not re.fullmatch(pattern, target.pipeline, re.ASCII):
        raise CatalogError(
            f"{VENDORS[ci].NAME} has no pipeline {target.pipeline!r}.",
            hint="Name the workflow's file on GitHub, such as provision.yml, the pipeline's number"
            " on Azure, and nothing on GitLab.",
        )
    return Dispatcher(target, open_vendor(ci, settings))
