"""What a person sees while an action goes on, and how it ended."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.ci.model import Tone
from purveyor.ci.plain import split_plain
from purveyor.ci.progress import Progress
from purveyor.ci.summary import Summary
from purveyor.durations import tell_duration
from purveyor.errors import ReasonCode
from purveyor.lock import describe_lock
from purveyor.outcome import Status
from purveyor.plan import COUNTED, SIGNS, Verb, count_changes
from purveyor.step import Accepted, LockAwaited, Noticed, PhaseStarted, Planned, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from purveyor.action import ActionContext
    from purveyor.ci.model import CI
    from purveyor.outcome import Outcome
    from purveyor.plan import Change
    from purveyor.redaction import Redactor
    from purveyor.step import StepEvent

_TONES = {Verb.CREATE: Tone.GOOD, Verb.DELETE: Tone.BAD}
_PAUSE = 9.0  # seconds between two lines about a held lock, which is told of every five
_SIGN = 30.0  # seconds between two signs of life in a log
_TICK = 1.0
_LISTED = 100
_ANNOTATIONS = 5  # a step keeps ten (GitHub, Azure), and its ending needs one
_DETAILS = 20


class Show:
    """Turns a step's events into lines; call it with each one.

    `about` is what else is known of the run, for its page: such as which engine works.

    Everything goes through the redactor, before and after escape sequences are taken out, so
    that a secret cannot hide behind them.
    """

    def __init__(
        self,
        ci: CI,
        redactor: Redactor,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._ci = ci
        self._redactor = redactor
        self._clock = clock
        self._wall_clock = wall_clock
        self._progress = Progress(clock)
        self._guard = threading.RLock()
        self._last_sign = clock()
        self._last_wait = -_PAUSE
        self._annotations = 0
        self._shown: frozenset[str] = frozenset()
        self.about: dict[str, str] = {}

    def __call__(self, event: StepEvent) -> None:
        with self._guard:
            match event:
                case PhaseStarted(name):
                    self._end_phase("✓", Tone.GOOD)
                    self._progress.enter(name)
                    self._say(f"> {name}  {self._time_of_day()}", Tone.QUIET)
                case Accepted(shown):
                    self._shown = shown
                case Planned(change):
                    self._list_change(change)
                case ResourceMoved():
                    self._show_resource(event)
                case LockAwaited():
                    self._show_wait(event)
                case Noticed(level, text):
                    self._notice(level, text)
            self._ci.live(self._clean(self._progress.tell()))

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Give signs of life while the block runs, by a clock of our own."""
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(_TICK):
                self.tick()

        ticker = threading.Thread(target=tick, daemon=True, name="progress")
        ticker.start()
        try:
            yield
        finally:
            ended.set()
            ticker.join()
            self._ci.live("")

    def tick(self) -> None:
        """Say how far it is: each time where lines can pass, else every half a minute."""
        with self._guard:
            text = self._clean(self._progress.tell())
            if not self._ci.live(text) and self._clock() - self._last_sign >= _SIGN:
                self._last_sign = self._clock()
                self._ci.say(f". {text}", tone=Tone.QUIET)

    def opening(self, context: ActionContext) -> None:
        entity = context.entity
        custom = context.operation.value == "custom"
        verb = f"{context.specification.slug} on" if custom else context.operation.value
        self._say(
            f"{verb} {entity.kind.value} {entity.slug or entity.id}"
            f" ({entity.specification.slug}), action {context.id}"
        )

    def closing(self, outcome: Outcome, *, notes: Sequence[str] = ()) -> None:
        """Say how the action ended, with the next step when it failed, and what else to know."""
        failed = outcome.status is Status.FAILED and outcome.reason is not ReasonCode.NOTHING_TO_DO
        self._end_phase(*(("✗", Tone.BAD) if failed else ("✓", Tone.GOOD)))
        details = [f"  {each}" for each in outcome.details[:_DETAILS]]
        if len(outcome.details) > _DETAILS:
            details.append(f"  and {len(outcome.details) - _DETAILS} more")
        if not failed:
            self._say(
                outcome.message, Tone.GOOD if outcome.status is Status.SUCCESS else Tone.PLAIN
            )
            for each in details:
                self._say(each)
        else:
            lines = [outcome.message, *(each.strip() for each in details)]
            if outcome.changes:
                lines.append(f"Done before it failed: {count_changes(outcome.changes)}.")
            if outcome.next_step:
                lines.append(f"Next: {outcome.next_step}")
            self._ci.annotate("error", self._clean("\n".join(lines)), title=outcome.reason.value)
        for note in notes:
            self._ci.annotate("warning", self._clean(note))
        if outcome.state_key:
            self._say(f"State: {outcome.state_key}", Tone.QUIET)
        took = tell_duration(outcome.seconds)
        self._say(f"Took {took}, until {self._time_of_day()}.", Tone.QUIET)

    def summary(
        self,
        context: ActionContext,
        outcome: Outcome,
        *,
        delivered: bool = True,
        planned: bool = False,
    ) -> str:
        about, shown = self.about, self._shown
        return Summary(context, outcome, self._clean, delivered, about, shown, planned).write()

    def _end_phase(self, sign: str, tone: Tone) -> None:
        if self._progress.phase:
            took = tell_duration(self._progress.seconds)
            self._say(f"{sign} {self._progress.phase}  {took}", tone)
        self._progress.enter("")

    def _list_change(self, change: Change) -> None:
        """Say what will change before it does; the plan that is applied tells it once more."""
        listed = self._progress.plan(change)
        if listed is None or change.verb not in SIGNS or listed > _LISTED + 1:
            return
        said = f"{SIGNS[change.verb]} {change.address}  will be {COUNTED[change.verb]}"
        said = "and more" if listed > _LISTED else said
        self._say(f"  {said}", _TONES.get(change.verb, Tone.CAREFUL))

    def _show_resource(self, event: ResourceMoved) -> None:
        if event.verb not in SIGNS:
            return
        took = tell_duration(self._progress.move(event))
        if event.stage == "failed":
            self._say(f"! {event.address}  failed  {took}", Tone.BAD)
        elif event.stage == "ended":
            said = f"{SIGNS[event.verb]} {event.address}  {COUNTED[event.verb]}  {took}"
            self._say(said, _TONES.get(event.verb, Tone.CAREFUL))

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

    def _time_of_day(self) -> str:
        return f"{datetime.fromtimestamp(self._wall_clock(), UTC).astimezone():%H:%M:%S %Z}"

    def _say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        self._ci.say(self._clean(text), tone=tone)

    def _clean(self, text: str) -> str:
        return self._redactor.redact("\n".join(split_plain(self._redactor.redact(text))))
