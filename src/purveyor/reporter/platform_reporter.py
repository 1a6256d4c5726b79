"""Tells the platform about one action, from its beginning to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.client import PlatformRefusedError
from purveyor.errors import PurveyorError
from purveyor.reporter.asking import ask_known, ask_links, ask_standing
from purveyor.reporter.attributes import Arrival, bring_attributes
from purveyor.reporter.final_status import Ending, FinalStatus
from purveyor.reporter.messages import Messages, is_urgent, tell_ending
from purveyor.reporter.model import OPEN, Heard, Pace, Standing
from purveyor.reporter.parcel import Known, Parcel, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from purveyor.action import ActionContext
    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject
    from purveyor.outcome import Outcome
    from purveyor.redaction import Redactor
    from purveyor.reporter.model import LinkShown

_NOT_ALL_SHOWN = (
    "Not all values have arrived on this page. Ask the platform team: the run's log says which."
)


class PlatformReporter:
    """Reports one action, each call until it is answered; for one thread at a time.

    Only `hurry` may come from another thread.
    """

    def __init__(
        self,
        client: PlatformClient,
        redactor: Redactor,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._redactor = redactor
        self._pace = pace or Pace()
        self._clock = clock
        self._messages = Messages(redactor)
        self._sent_at = clock()
        self._known = Known()
        self._notes: list[str] = []
        self._uncertain = False
        self._known_there = False
        self._silences: list[str] = []
        self._hurried = False
        self._ends_by: float | None = None

    @property
    def flush_after(self) -> float | None:
        """Seconds until waiting messages should go; None while there are none."""
        return self._pace.batch if self._messages else None

    def read_standing(self, context: ActionContext) -> Standing:
        """Ask for the action's status and the current attributes."""
        standing = ask_standing(self._client, context, self._pace.asking)
        self._known = Known(attributes=standing.specification)
        if standing.asked and standing.action_status not in OPEN:
            self._client.close()
        return standing

    def read_links(self, context: ActionContext) -> Sequence[LinkShown] | None:
        """Ask for the service's links that are not deleted; None when the platform cannot tell."""
        return ask_links(self._client, context.service, self._pace.asking)

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        """Tell that the action is in progress; a failure is noted for the end."""
        text = f"Started. Follow the run: {run_url}" if run_url else "Started."
        self._messages.add("info", text)
        self._send(context, {"status": "in_progress"})

    def look_up(self, context: ActionContext) -> None:
        """Read the specifications while there is time, so that the end need not."""
        if context.operation is not Operation.DELETE and not self._hurried:
            self._known = ask_known(self._client, context, self._pace.asking, self._known)

    def say(self, context: ActionContext, level: str, text: str) -> None:
        """Send a message, soon."""
        self._messages.add(level, text)
        if is_urgent(level) or self._clock() - self._sent_at >= self._pace.batch:
            self.flush(context)

    def flush(self, context: ActionContext) -> None:
        """Send the messages that are waiting."""
        if self._messages and not self._hurried:
            self._send(context, {})

    def hurry(self) -> None:
        """Let what is under way come to its end soon: `end` is next, or what is left of it.

        The end's budget counts from the first call.
        """
        self._hurried = True
        self._ends_by = self._ends_by or self._clock() + self._pace.ending.total
        self._client.give_up()

    def end(self, context: ActionContext, outcome: Outcome) -> Heard:
        """Tell how the action ended: attributes first, then status, results and messages.

        Attributes go first, so that nobody sees a success without its values; that they fail does
        not keep the status back. All of it shares one budget, of which attributes take up to
        a half: an outage costs no more than that.
        """
        self._client.carry_on()
        self._hurried = False
        whole = self._pace.ending.total
        self._ends_by = self._ends_by or self._clock() + whole
        self._redactor.add_value(dict(outcome.secrets))
        with self._client.sharing(min(self._pace.attributes.total, whole / 2, self._left())):
            parcel, arrival = self._bring(context, outcome)
        with self._client.sharing(self._left()):
            heard, notes = self._tell(context, outcome, parcel, arrival)
        self._client.close()
        return Heard(heard, tuple(map(self._redactor.redact, notes)))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _left(self) -> float:
        return max((self._ends_by or 0.0) - self._clock(), 0.0)

    def _tell(
        self, context: ActionContext, outcome: Outcome, parcel: Parcel, arrival: Arrival
    ) -> tuple[bool, list[str]]:
        """Tell the status, then what could not be told before it; return what is to be noted."""
        faults = (*parcel.left_out, *arrival.faults)
        ending = list(tell_ending(outcome, context.kind.value))
        if arrival.faults or (parcel.left_out and not self._known.complete):
            ending.append(("warn", _NOT_ALL_SHOWN))
        messages = self._messages.take_all(ending)
        final = FinalStatus(self._client, context, self._pace, known_there=self._known_there)
        heard = final.tell(Ending(outcome.status, parcel.results, messages))
        if not heard.heard:
            # What else met the same outage is said by the last attempt, and by it alone.
            return False, [*self._notes, *(() if arrival.again else faults), *heard.notes]
        notes = [*self._notes, *dict.fromkeys(self._silences), *faults, *heard.notes]
        if self._uncertain:
            notes += final.confirm(outcome.status)
        if arrival.again:
            arrival = bring_attributes(self._client, context.entity, parcel, self._pace.attributes)
            meanwhile = arrival.faults or ("The attributes have arrived meanwhile.",)
            self._messages.add("info", " ".join(meanwhile))
            self.flush(context)
            notes += meanwhile
        return not arrival.again, notes

    def _bring(self, context: ActionContext, outcome: Outcome) -> tuple[Parcel, Arrival]:
        if not (outcome.results or outcome.secrets or outcome.shown_before):
            return Parcel(), Arrival()
        try:
            if not self._known.complete:
                self._known = ask_known(self._client, context, self._pace.telling, self._known)
            parcel = pack(outcome, context.operation, self._known)
            return parcel, bring_attributes(
                self._client, context.entity, parcel, self._pace.attributes
            )
        except Exception as error:  # noqa: BLE001 - no fault of ours may keep back the final status
            fault = f"The results were left out: Purveyor met a fault ({type(error).__name__})."
            return Parcel(left_out=[fault]), Arrival()

    def _send(self, context: ActionContext, body: JsonObject) -> None:
        messages = self._messages.take()
        where, pace = context.entity, self._pace
        policy = pace.beginning if body else pace.telling
        body = {**body, "messages": messages}
        try:
            self._client.patch_action(where.kind, where.id, context.id, body, policy=policy)
            self._known_there = True
        except PurveyorError as error:
            refused = isinstance(error, PlatformRefusedError)
            (self._notes if refused else self._silences).append(f"{error.message}.")
            if not refused:
                # It may have been heard, or be heard later; better twice than never.
                self._uncertain = True
                self._messages.give_back(messages)
        self._sent_at = self._clock()
