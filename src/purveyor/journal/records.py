"""What the journal keeps of one attempt: its begin, its heartbeat and its end."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from purveyor import json_text
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from purveyor.json_text import JsonObject, JsonValue

    Record = TypeVar("Record", "Begin", "Beat", "End", "RunIdentity")


@dataclass(frozen=True, slots=True)
class Begin:
    """An attempt begins. `at` is in seconds since 1970, by the clock of its own machine.

    `slug` is the entity's; `specification` is the id of the entity's, `action_specification` of the
    action's: with them a later process finds the state and tells the platform. All three are empty
    in what an earlier version wrote. `digest` is empty in a sweep's, which has not seen the
    content: it stands for any. `token` is one process's own, by which it knows its record again.
    """

    action: str
    attempt: int
    digest: str
    kind: str
    entity: str
    service: str
    operation: str
    state_key: str
    identity: RunIdentity
    at: float
    slug: str = ""
    specification: str = ""
    action_specification: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life, written over and over by the attempt's owner."""

    at: float
    phase: str = ""
    lock_id: str = ""


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


def write_record(record: Begin | Beat | End) -> str:
    """Return the record as one line of JSON."""
    return json_text.write(dataclasses.asdict(record))


def read_begin(text: str) -> Begin:
    """Read a begin; raise ValueError for anything else."""
    values = _values(text)
    identity = values.pop("identity")
    if not isinstance(identity, dict):
        raise json_text.JsonTextError("`identity` is no object")
    return _build(Begin, {**values, "identity": _build(RunIdentity, identity)})


def read_beat(text: str) -> Beat:
    """Read a heartbeat; raise ValueError for anything else."""
    return _build(Beat, _values(text))


def read_end(text: str) -> End:
    """Read an end; raise ValueError for anything else."""
    values = _values(text)
    lists = {name: values.get(name) for name in ("details", "shown_before", "changes")}
    tuples = {name: tuple(each) if isinstance(each, list) else () for name, each in lists.items()}
    return _build(End, {**values, **tuples})


def _values(text: str) -> JsonObject:
    value = json_text.parse(text)
    if not isinstance(value, dict):
        raise json_text.JsonTextError("a journal record is an object")
    return value


def _build(kind: type[Record], values: Mapping[str, object]) -> Record:
    # A later version's further fields are passed over; a missing one is a fault.
    known = {each.name for each in dataclasses.fields(kind)}
    numbers = {"at", "seconds"}
    kept = {
        name: float(str(value)) if name in numbers else value
        for name, value in values.items()
        if name in known
    }
    build: Callable[..., Record] = kind
    try:
        return build(**kept)
    except TypeError as error:
        raise json_text.JsonTextError(f"a journal record lacks a field: {error}") from None
