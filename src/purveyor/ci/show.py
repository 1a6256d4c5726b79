"""What a person sees while an action goes on, and how it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.ci.durations import tell_duration
from purveyor.ci.model import Tone
from purveyor.ci.plain import split_plain
from purveyor.ci.summary import write_page
from purveyor.errors import ReasonCode
from purveyor.lock import describe_lock
from purveyor.outcome import Status
from purveyor.plan import Verb
from purveyor.step import LockAwaited, Noticed, PhaseStarted, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from purveyor.action import ActionContext
    from purveyor.ci.model import CI
    from purveyor.outcome import Outcome
    from purveyor.redaction import Redactor
    from purveyor.step import StepEvent

_SIGNS = {
    Verb.CREATE: ("+", "created", Tone.GOOD),
    Verb.UPDATE: ("~", "updated", Tone.CAREFUL),
    Verb.REPLACE: ("-/+", "replaced", Tone.CAREFUL),
    Verb.DELETE: ("-", "deleted", Tone.BAD),
}
_PAUSE = 9.0  # seconds; the engine tells of what goes on every ten
_NAMED = 4
_ANNOTATIONS = 5  # a step keeps ten (GitHub, Azure), and its ending needs one
_DETAILS = 20


class Show:
    """Turns a step's events into lines; call it with each one.

    Everything goes through the redactor, before and after escape sequences are taken out, so
    that a secret cannot hide behind them.
    """

    def __init__(
        self, ci: CI, redactor: Redactor, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ci = ci
        self._redactor = redactor
        self._clock = clock
        self._started: dict[str, float] = {}
        self._last_sign = clock() - _PAUSE
        self._last_wait = -_PAUSE
        self._annotations = 0

    def __call__(self, event: StepEvent) -> None:
        """Show one event."""
        match event:
            case PhaseStarted(name):
                self._started.clear()
                self._say(f"> {name}", Tone.QUIET)
            case ResourceMoved():
                self._show_resource(event)
            case LockAwaited():
                self._show_wait(event)
            case Noticed(level, text):
                self._notice(level, text)

    def closing(self, outcome: Outcome, *, notes: Sequence[str] = ()) -> None:
        """Say how the action ended, with the next step when it failed, and what else to know."""
        self._ci.live("")
        details = [f"  {each}" for each in outcome.details[:_DETAILS]]
        if len(outcome.details) > _DETAILS:
            details.append(f"  and {len(outcome.details) - _DETAILS} more")
        if outcome.status is Status.SUCCESS or outcome.reason is ReasonCode.NOTHING_TO_DO:
            self._say(
                outcome.message, Tone.GOOD if outcome.status is Status.SUCCESS else Tone.PLAIN
            )
            for each in details:
                self._say(each)
        else:
            lines = [outcome.message, *(each.strip() for each in details)]
            if outcome.next_step:
                lines.append(f"Next: {outcome.next_step}")
            self._ci.annotate("error", self._clean("\n".join(lines)), title=outcome.reason.value)
        for note in notes:
            self._ci.annotate("warning", self._clean(note))
        if outcome.state_key:
            self._say(f"State: {outcome.state_key}", Tone.QUIET)
        self._say(f"Took {tell_duration(outcome.seconds)}.", Tone.QUIET)

    def summary(self, context: ActionContext, outcome: Outcome) -> str:
        """Return the page for the run, in Markdown: what changed, public results, what next."""
        return write_page(context, outcome, self._clean)

    def _show_resource(self, event: ResourceMoved) -> None:
        if event.verb not in _SIGNS:
            return
        sign, done, tone = _SIGNS[event.verb]
        now = self._clock()
        # Whole seconds from the engine, fractions from our own clock: the longer one is right.
        began = min(self._started.get(event.address, now), now - event.seconds)
        self._started[event.address] = began
        took = tell_duration(now - began)
        if event.stage == "failed":
            self._say(f"! {event.address}  failed  {took}", Tone.BAD)
        elif event.stage == "ended":
            self._say(f"{sign} {event.address}  {done}  {took}", tone)
        if event.stage in {"failed", "ended"}:
            del self._started[event.address]
        shown = self._ci.live(self._clean(self._tell_running(now)))
        if event.stage not in {"failed", "ended", "started"} and not shown:
            self._give_sign(now)

    def _give_sign(self, now: float) -> None:
        if now - self._last_sign >= _PAUSE:
            self._last_sign = now
            self._say(self._tell_running(now), Tone.QUIET)

    def _tell_running(self, now: float) -> str:
        running = sorted(self._started.items(), key=lambda each: each[1])
        if not running:
            return ""
        names = [f"{name} {tell_duration(now - began)}" for name, began in running[:_NAMED]]
        more = f" and {len(running) - _NAMED} more" if len(running) > _NAMED else ""
        return f". going on: {', '.join(names)}{more}"

    def _show_wait(self, event: LockAwaited) -> None:
        at_most = f", {tell_duration(event.limit)} at most" if event.limit else ""
        text = self._clean(
            f"Waiting for the state's lock, held by {describe_lock(event.holder)};"
            f" {tell_duration(event.seconds)} so far{at_most}."
        )
        first = event.seconds < self._last_wait or self._last_wait < 0
        if first or event.seconds - self._last_wait >= _PAUSE:
            self._last_wait = event.seconds
            self._ci.say(text, tone=Tone.CAREFUL)

    def _notice(self, level: str, text: str) -> None:
        clean = self._clean(text)
        if level == "warning" and self._annotations < _ANNOTATIONS:
            self._annotations += 1
            self._ci.annotate(level, clean)
        elif level in {"warning", "error"}:
            tone = Tone.BAD if level == "error" else Tone.CAREFUL
            self._ci.say(f"{level}: {clean}", tone=tone)
        else:
            self._ci.say(clean)

    def _say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self._ci.say(self._clean(text), tone=tone)

    def _clean(self, text: str) -> str:
        return self._redactor.redact("\n".join(split_plain(self._redactor.redact(text))))
