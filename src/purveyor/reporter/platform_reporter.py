"""Tells the platform about one action, from its beginning to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.client import PlatformRefusedError
from purveyor.errors import PurveyorError
from purveyor.outcome import Status
from purveyor.reporter.attributes import AttributeResult, set_attributes
from purveyor.reporter.final_status import FinalReport
from purveyor.reporter.messages import Messages, is_urgent, tell_ending
from purveyor.reporter.model import OPEN, ActionSnapshot, Reported, ReportTimeouts
from purveyor.reporter.payload import KnownSchemas, Payload, split_results
from purveyor.reporter.queries import query_links, query_snapshot, query_specifications

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        timeouts: ReportTimeouts | None = None,
    ) -> None:
        self._client = client
        self._redactor = redactor
        self._timeouts = timeouts or ReportTimeouts()
        self._messages = Messages(redactor)
        self._sent_at = time.monotonic()
        self._known = KnownSchemas()
        self._notes: list[str] = []
        self._uncertain = False
        self._known_there = False
        self._silences: list[str] = []
        self._hurried = False
        self._ends_by: float | None = None

    @property
    def flush_after(self) -> float | None:
        """Seconds until waiting messages should go; None while there are none."""
        return self._timeouts.batch if self._messages else None

    def read_snapshot(self, context: ActionContext) -> ActionSnapshot:
        snapshot = query_snapshot(self._client, context, self._timeouts.query)
        self._known = KnownSchemas(attributes=snapshot.specification)
        if snapshot.asked and snapshot.action_status not in OPEN:
            self._client.close()
        return snapshot

    def read_links(self, context: ActionContext) -> Sequence[LinkShown] | None:
        return query_links(self._client, context.service, self._timeouts.query)

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        """Tell that the action is in progress; a failure is noted for the end."""
        text = f"Started. Follow the run: {run_url}" if run_url else "Started."
        self._messages.add("info", text)
        self._send(context, {"status": "in_progress"})

    def look_up(self, context: ActionContext) -> None:
        """Read the specifications while there is time, so that the end need not."""
        if context.operation is not Operation.DELETE and not self._hurried:
            self._known = query_specifications(
                self._client, context, self._timeouts.query, self._known
            )

    def say(self, context: ActionContext, level: str, text: str) -> None:
        self._messages.add(level, text)
        if is_urgent(level) or time.monotonic() - self._sent_at >= self._timeouts.batch:
            self.flush(context)

    def flush(self, context: ActionContext) -> None:
        if self._messages and not self._hurried:
            self._send(context, {})

    def hurry(self) -> None:
        """Let what is under way come to its end soon: `end` is next, or what is left of it.

        The end's budget counts from the first call.
        """
        self._hurried = True
        self._ends_by = self._ends_by or time.monotonic() + self._timeouts.end.total
        self._client.give_up()

    def end(self, context: ActionContext, outcome: Outcome) -> Reported:
        """Tell how the action ended: attributes first, then status, results and messages.

        Attributes go first, so that nobody sees a success without its values; that they fail does
        not keep the status back. All of it shares one budget, of which attributes take up to
        a half: an outage costs no more than that.
        """
        self._client.carry_on()
        self._hurried = False
        whole = self._timeouts.end.total
        self._ends_by = self._ends_by or time.monotonic() + whole
        if outcome.status is Status.PARKED:
            return self._leave(context, outcome)
        self._redactor.add_value(dict(outcome.secrets))
        with self._client.sharing(min(self._timeouts.attributes.total, whole / 2, self._left())):
            payload, attributes_set = self._set_attributes(context, outcome)
        with self._client.sharing(self._left()):
            delivered, notes = self._tell(context, outcome, payload, attributes_set)
        self._client.close()
        return Reported(delivered, tuple(map(self._redactor.redact, notes)))

    def close(self) -> None:
        self._client.close()

    def _leave(self, context: ActionContext, outcome: Outcome) -> Reported:
        """Tell that the action waits; it stays in progress."""
        for level, text in tell_ending(outcome, context.kind.value):
            self._messages.add(level, text)
        with self._client.sharing(self._left()):
            self._send(context, {"status": "in_progress"})
        self._client.close()
        notes = [*self._notes, *dict.fromkeys(self._silences)]
        return Reported(not self._messages, tuple(map(self._redactor.redact, notes)))

    def _left(self) -> float:
        return max((self._ends_by or 0.0) - time.monotonic(), 0.0)

    def _tell(
        self,
        context: ActionContext,
        outcome: Outcome,
        payload: Payload,
        attributes_set: AttributeResult,
    ) -> tuple[bool, list[str]]:
        """Tell the status, then what could not be told before it; return what is to be noted."""
        faults = (*payload.left_out, *attributes_set.faults)
        ending = list(tell_ending(outcome, context.kind.value))
        if attributes_set.faults or (payload.left_out and not self._known.complete):
            ending.append(("warn", _NOT_ALL_SHOWN))
        messages = self._messages.take_all(ending)
        final = FinalReport(
            self._client,
            context,
            self._timeouts,
            outcome.status,
            payload.results,
            messages,
            known_there=self._known_there,
        )
        delivery = final.tell()
        if not delivery.delivered:
            # What else met the same outage is said by the last attempt, and by it alone.
            return False, [*self._notes, *(() if attributes_set.again else faults), *delivery.notes]
        notes = [*self._notes, *dict.fromkeys(self._silences), *faults, *delivery.notes]
        if self._uncertain:
            notes += final.confirm()
        if attributes_set.again:
            attributes_set = set_attributes(
                self._client, context.entity, payload, self._timeouts.attributes
            )
            meanwhile = attributes_set.faults or ("The attributes have arrived meanwhile.",)
            self._messages.add("info", " ".join(meanwhile))
            self.flush(context)
            notes += meanwhile
        return not attributes_set.again, notes

    def _set_attributes(
        self, context: ActionContext, outcome: Outcome
    ) -> tuple[Payload, AttributeResult]:
        if not (outcome.results or outcome.secrets or outcome.shown_before):
            return Payload(), AttributeResult()
        try:
            if not self._known.complete:
                self._known = query_specifications(
                    self._client, context, self._timeouts.message, self._known
                )
            payload = split_results(outcome, context.operation, self._known)
            return payload, set_attributes(
                self._client, context.entity, payload, self._timeouts.attributes
            )
        except Exception as error:  # noqa: BLE001 - no fault of ours may keep back the final status
            fault = f"The results were left out: Purveyor met a fault ({type(error).__name__})."
            return Payload(left_out=[fault]), AttributeResult()

    def _send(self, context: ActionContext, body: JsonObject) -> None:
        messages = self._messages.take()
        where, timeouts = context.entity, self._timeouts
        policy = timeouts.start if body else timeouts.message
        body = {**body, "messages": messages}
        try:
            self._client.patch_action(where.kind, where.id, context.id, body, policy=policy)
            self._known_there = True
        except PurveyorError as error:
            refused = isinstance(error, PlatformRefusedError)
            (self._notes if refused else self._silences).append(f"{error.message}.")
            if not refused:
                # It may have arrived, or arrive later; better twice than never.
                self._uncertain = True
                self._messages.give_back(messages)
        self._sent_at = time.monotonic()
