"""What the journal keeps of one attempt: its begin, its heartbeat, what it waits for, its end."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeVar

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.entity import EntityRef
from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.plan import Change, Verb
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from purveyor.action import ActionContext
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.lock import Lock

    Record = TypeVar("Record", "Begin", "Beat", "ApprovalRequest", "Decision", "End", "RunIdentity")

# A heartbeat comes every 30 s: a lock taken later than two of them after the last one, or before
# the attempt began, is somebody else's. Both times come from the machine that ran the engine.
_AFTER_SIGN = 60.0
_BEFORE_BEGIN = 2.0


@dataclass(frozen=True, slots=True)
class Begin:
    """An attempt begins. What has a default may be missing in what an earlier release wrote."""

    action: str
    attempt: int
    digest: str  # empty in a sweep's, which has not seen the content: it stands for any
    kind: str
    entity: str
    service: str
    operation: str
    state_key: str  # empty where no state was looked for
    identity: RunIdentity
    at: float  # seconds since 1970, by the clock of its own machine
    slug: str = ""  # the entity's
    specification: str = ""  # the id of the entity's; with it the platform can be told later
    action_specification: str = ""
    token: str = ""  # one process's own, by which it knows its record again
    module: str = ""
    engine: str = ""
    approved: tuple[str, ...] = ()  # steps that were allowed while earlier attempts waited

    @classmethod
    def of(cls, context: ActionContext, identity: RunIdentity, *, at: float) -> Self:
        """Return the first attempt at an action, of which no state is known yet."""
        return cls(
            action=context.id,
            attempt=1,
            digest=context.digest,
            kind=context.kind.value,
            entity=context.entity.id,
            service=context.service.id,
            operation=context.operation.value,
            state_key="",
            identity=identity,
            at=at,
            slug=context.entity.slug,
            specification=context.entity.specification.id,
            action_specification=context.specification.id,
        )

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.entity)


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life, written over and over by the attempt's owner."""

    at: float
    phase: str = ""  # `<phase>`, or `<step>/<phase>`
    lock_id: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """An attempt stopped before a step; another one goes on when a person has allowed it."""

    step: str  # empty for the only one
    at: float
    within: float  # in seconds: then it is refused
    where: str = ""  # the gate of the CI, for people

    @property
    def until(self) -> str:
        moment = datetime.fromtimestamp(self.at + self.within, UTC)
        return f"{moment:%Y-%m-%d %H:%M} UTC"


class Answer(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Decision:
    """How the wait for an approval ended: the first one counts."""

    answer: str
    at: float
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended; `results` are public ones only, None when they were private."""

    at: float
    status: str
    reason: str
    exit_code: int
    message: str
    next_step: str = ""
    details: tuple[str, ...] = ()
    told: str = ""
    results: Mapping[str, JsonValue] | None = field(default_factory=dict)
    shown_before: tuple[str, ...] = ()
    changes: tuple[Sequence[str], ...] = ()
    state_key: str = ""
    run_url: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    begin: Begin
    beat: Beat | None
    end: End | None
    reported: bool  # whether the platform knows its end
    request: ApprovalRequest | None = None
    decision: Decision | None = None

    @property
    def parked(self) -> ApprovalRequest | None:
        """What it waits for, or waited for until somebody allowed it."""
        return None if self.end is not None else self.request

    @property
    def last_sign(self) -> float:
        return max(each.at for each in (self.begin, self.beat, self.end) if each is not None)

    def may_hold(self, lock: Lock) -> bool:
        """Tell whether a lock may be its own; one that tells nothing of itself may be anyone's.

        The heartbeat names the lock of an engine that worked for longer than a moment; without
        that, machine and time are all there is to go by.
        """
        if self.beat is not None and self.beat.lock_id:
            return lock.id == self.beat.lock_id
        host, expected = lock.host, self.begin.identity.host
        if host and expected and host != expected:
            return False
        created = lock.since
        if created is None:
            return True
        latest = (self.beat.at if self.beat else self.begin.at) + _AFTER_SIGN
        if self.end is not None:
            latest = min(latest, self.end.at)
        return self.begin.at - _BEFORE_BEGIN <= created <= latest


def keep_outcome(outcome: Outcome, *, at: float) -> End:
    """Return what the journal keeps: no private result, no secret."""
    return End(
        at=at,
        status=outcome.status.value,
        reason=outcome.reason.value,
        exit_code=outcome.exit_code,
        message=outcome.message,
        next_step=outcome.next_step,
        details=outcome.details,
        told=outcome.told,
        results=None if outcome.private else dict(outcome.results),
        shown_before=outcome.shown_before,
        changes=tuple((c.address, c.resource_type, c.verb.value) for c in outcome.changes),
        state_key=outcome.state_key,
        run_url=outcome.run_url,
        seconds=outcome.seconds,
    )


def recall_outcome(end: End) -> Outcome:
    notes = () if end.results is not None else ("The results were private and are not kept.",)
    return Outcome(
        status=Status(end.status),
        reason=ReasonCode[end.reason],
        exit_code=0,
        message=end.message,
        next_step=end.next_step,
        details=(*end.details, *notes),
        told=end.told,
        results=end.results or {},
        shown_before=end.shown_before,
        changes=tuple(Change(at, kind, Verb(verb)) for at, kind, verb in end.changes),
        state_key=end.state_key,
        run_url=end.run_url,
        seconds=end.seconds,
    )


def write_record(record: Begin | Beat | ApprovalRequest | Decision | End) -> str:
    values = _shallow(record)
    if isinstance(record, Begin):
        values["identity"] = _shallow(record.identity)
    return json_text.write(values)


def read_begin(text: str) -> Begin:
    values = _values(text)
    identity = values.pop("identity")
    if not isinstance(identity, dict):
        raise json_text.JsonTextError("`identity` is no object")
    approved = values.get("approved")
    lists = {"approved": tuple(approved) if isinstance(approved, list) else ()}
    return _build(Begin, {**values, **lists, "identity": _build(RunIdentity, identity)})


def read_beat(text: str) -> Beat:
    return _build(Beat, _values(text))


def read_request(text: str) -> ApprovalRequest:
    return _build(ApprovalRequest, _values(text))


def read_decision(text: str) -> Decision:
    return _build(Decision, _values(text))


def read_end(text: str) -> End:
    values = _values(text)
    lists = {name: values.get(name) for name in ("details", "shown_before", "changes")}
    tuples = {name: tuple(each) if isinstance(each, list) else () for name, each in lists.items()}
    return _build(End, {**values, **tuples})


def _shallow(
    record: Begin | Beat | ApprovalRequest | Decision | End | RunIdentity,
) -> dict[str, object]:
    # Not dataclasses.asdict: it copies every value, which takes four times as long.
    return {name: getattr(record, name) for name in _FIELDS[type(record)]}


def _values(text: str) -> JsonObject:
    value = json_text.parse(text)
    if not isinstance(value, dict):
        raise json_text.JsonTextError("a journal record is an object")
    return value


def _build(kind: type[Record], values: Mapping[str, object]) -> Record:
    # A later version's further fields are passed over; a missing one is a fault.
    known = _FIELDS[kind]
    kept = {
        name: float(str(value)) if name in _NUMBERS else value
        for name, value in values.items()
        if name in known
    }
    build: Callable[..., Record] = kind
    try:
        return build(**kept)
    except TypeError as error:
        raise json_text.JsonTextError(f"a journal record lacks a field: {error}") from None


_NUMBERS = frozenset({"at", "seconds", "within"})
_FIELDS = {
    kind: dict.fromkeys(each.name for each in dataclasses.fields(kind))
    for kind in (Begin, Beat, ApprovalRequest, Decision, End, RunIdentity)
}
