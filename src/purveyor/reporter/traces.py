"""What the platform's tracing API is told of a run: the run, its steps and phases, its ending."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from purveyor import __version__, json_text
from purveyor.client import RetryPolicy
from purveyor.errors import PurveyorError, ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.reporter.messages import tell_failure
from purveyor.step import Noticed, PhaseStarted

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.client import PlatformClient
    from purveyor.redaction import Redactor
    from purveyor.step import Listen, StepEvent

_POLICY = RetryPolicy(total=2.0, attempts=2, first_wait=0.2)
_STOPPED = {ReasonCode.CANCELLED: "cancelled", ReasonCode.TIMED_OUT: "timed_out"}


class Trace:
    """Tells of what it hears in a thread of its own: the run waits two seconds at most."""

    def __init__(
        self,
        client: PlatformClient,
        redactor: Redactor,
        context: ActionContext,
        run_url: str,
        show: Listen,
    ) -> None:
        self._client, self._redactor, self._context, self._show = client, redactor, context, show
        self._events: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="traces", daemon=True)
        entity, kind, done = context.entity, context.kind, context.operation
        labels = {f"{n[:-3]}.id": v for n, v in context.tags.items() if n.endswith("_id")}
        labels |= {"entity": kind, "action": done, "action.id": context.id}
        labels |= {"service.id": context.service.id, f"{kind}.id": entity.id}
        self._title = f"{context.specification.slug or done}: {entity.slug or entity.id}"
        run = f"{kind}-{done}-{context.id}"
        # What the platform hands on: a version, a trace, the node that caused this run.
        carried = context.carriers.get("NP_TRACE", "").split("|", 2)
        self._trace, *self._run = [*carried[1:], run] if carried[2:] else [run, run]
        self._open = [*self._run]  # the way to the run, then the step and the phase that go on
        facets: dict[str, Any] = {"tracing.explain": {"title": self._title}}
        if run_url:
            facets["tracing.externalLinks"] = [{"rel": "ci", "uri": run_url, "label": "CI run"}]
        self._tell("started", facets, labels=labels)

    def __call__(self, told: StepEvent | Outcome) -> None:
        if isinstance(told, Outcome):
            self._end(told)
        elif isinstance(told, PhaseStarted):
            *step, _ = keys = [*self._run, *told.name.split("/")]
            self._leave(step if self._open[: len(step)] == step else self._run, "completed", {})
            for key in keys[len(self._open) :]:
                self._open.append(key)
                self._tell("started", {})

    def _end(self, outcome: Outcome) -> None:
        status, facets, about = "completed", dict[str, Any](), {"what": outcome.message}
        if outcome.status is Status.FAILED:
            status = _STOPPED.get(outcome.reason, "failed")
            what, details, step = tell_failure(outcome, self._context.kind)
            facets["tracing.error"] = {"message": what, "code": outcome.reason}
            about = {"what": "\n".join((what, *details)), "why": outcome.reason.meaning}
            about |= {"next": step, "severity": "error"}
        self._leave(self._run, status, facets)
        status = "waiting" if outcome.status is Status.PARKED else status
        self._tell(status, facets | {"tracing.explain": {"title": self._title, **about}})
        self._events.put({})
        self._thread.join(_POLICY.total)

    def _leave(self, kept: list[str], status: str, facets: dict[str, Any]) -> None:
        if self._thread.ident is None:  # before, another run might have had the action
            self._thread.start()
        while len(self._open) > len(kept):
            self._tell(status, facets)
            self._open.pop()

    def _tell(self, status: str, facets: dict[str, Any], **more: Any) -> None:
        root, *keys = self._open
        # A UUIDv7 (RFC 9562) is a UUIDv4 with the time in front, and a 7 in the place of its 4.
        number = time.time_ns() // 10**6 << 80 | uuid.uuid4().int % (1 << 80) ^ 3 << 76
        more |= {"trace_id": self._trace, "status": status, "facets": facets}
        more["run_id"] = "".join((root, *(f"~{key}@0.0" for key in keys)))
        if keys:
            more |= {"key": keys[-1], "attempt": 0, "iteration": 0}
        event = {"id": str(uuid.UUID(int=number)), "type": "node.run", "data": more}
        event["time"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        event |= {"nrn": self._context.entity_nrn} if self._context.entity_nrn else {}
        self._events.put({**event, "producer": f"purveyor@{__version__}"})

    def _work(self) -> None:
        try:
            while event := self._events.get():
                body = json_text.parse_object(self._redactor.redact(json_text.write(event)))
                self._client.call("POST", "/tracing/events", body, what="trace", policy=_POLICY)
        except PurveyorError as error:
            self._show(Noticed("info", f"The trace of this run ends here. {error.message}"))
