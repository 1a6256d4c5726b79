"""Reports from a thread of its own, so that an engine need not wait for the platform."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from purveyor.reporter.model import ActionSnapshot, Reported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from purveyor.action import ActionContext
    from purveyor.outcome import Outcome
    from purveyor.reporter.model import LinkShown
    from purveyor.reporter.platform_reporter import PlatformReporter

_T = TypeVar("_T")
_CLOSING_SECONDS = 5.0
_LOOK_SECONDS = 0.1
# After a signal a CI kills within ten seconds; the journal keeps what nobody heard.
_STILL_TRIED_SECONDS = 2.0
_ON_THE_WIRE_SECONDS = 3.0
_GIVEN_UP = (
    "The run was told to stop before the platform had answered: whether it has heard how the action"
    " ended is not known."
)


class BackgroundReporter:
    """Passes calls on to one thread, which makes them in their order.

    `begin` and `say` return at once. `read_snapshot` and `end` wait for their answer; `end` first
    asks what is under way to come to its end, and is not itself ended by KeyboardInterrupt: that
    is raised when the platform has been told.

    Once `interrupted` says so, both wait two seconds longer for a platform that is away, and five
    for one that has a request and does not answer it.
    """

    def __init__(
        self, reporter: PlatformReporter, *, interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self._reporter = reporter
        self._interrupted = interrupted
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._snapshot: Future[ActionSnapshot] | None = None
        self._begun: list[Future[None]] = []
        self._context: ActionContext | None = None

    def prepare(self, context: ActionContext) -> None:
        self._snapshot = self._pass_on(partial(self._reporter.read_snapshot, context))

    def read_snapshot(self, context: ActionContext) -> ActionSnapshot:
        asked, self._snapshot = self._snapshot, None
        asked = asked or self._pass_on(partial(self._reporter.read_snapshot, context))
        if self._attend(asked):
            return asked.result()
        return ActionSnapshot(
            None, None, None, asked=False, note="The platform was not waited for."
        )

    def read_links(self, context: ActionContext) -> Sequence[LinkShown] | None:
        return self._pass_on(partial(self._reporter.read_links, context)).result()

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        self._context = context
        self._begun += [
            self._pass_on(partial(self._reporter.begin, context, run_url=run_url)),
            self._pass_on(partial(self._reporter.look_up, context)),
        ]

    def say(self, context: ActionContext, level: str, text: str) -> None:
        self._context = context
        self._begun.append(self._pass_on(partial(self._reporter.say, context, level, text)))

    def end(self, context: ActionContext, outcome: Outcome) -> Reported:
        self._reporter.hurry()
        ending = self._pass_on(partial(self._reporter.end, context, outcome))
        signal: KeyboardInterrupt | None = None
        answered: bool | None = None
        while answered is None:
            try:
                answered = self._attend(ending, stop=signal is not None)
            except KeyboardInterrupt as another:
                signal = another
        if answered:
            self.close()
        else:
            self._thread = None  # a daemon with a request on the wire: it ends with the program
        if signal:
            raise signal
        if not answered:
            return Reported(delivered=False, notes=(_GIVEN_UP,))
        delivery = ending.result()
        faults = [str(each.exception()) for each in self._begun if each.done() and each.exception()]
        return Reported(delivery.delivered, (*delivery.notes, *faults))

    def close(self) -> None:
        """Stop the thread and close the connections; a later call starts them again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._calls.put(None)
            thread.join(_CLOSING_SECONDS)
        self._reporter.close()

    def _attend(self, call: Future[_T], *, stop: bool = False) -> bool:
        """Wait for a call; return False when an interruption cut it off."""
        while not (stop or self._interrupted()):
            if wait([call], timeout=_LOOK_SECONDS).done:
                return True
        if wait([call], timeout=_STILL_TRIED_SECONDS).done:
            return True
        self._reporter.hurry()
        return bool(wait([call], timeout=_ON_THE_WIRE_SECONDS).done)

    def _pass_on(self, call: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()

        def run() -> None:
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                future.set_exception(error)

        if self._thread is None:
            # A daemon: when all is told, nothing that hangs may keep the program from ending.
            self._thread = threading.Thread(target=self._work, name="reporter", daemon=True)
            self._thread.start()
        self._calls.put(run)
        return future

    def _work(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=self._reporter.flush_after)
            except queue.Empty:
                if self._context is not None:
                    self._reporter.flush(self._context)
                continue
            if call is None:
                return
            call()
