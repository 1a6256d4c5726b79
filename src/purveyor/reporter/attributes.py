"""Outputs become attributes of the service or link, before its action is seen to have worked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.client import PlatformRefusedError
from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError
from purveyor.reporter.queries import query_attributes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.action import Entity
    from purveyor.client import PlatformClient, RetryPolicy
    from purveyor.json_text import JsonObject
    from purveyor.reporter.payload import Payload

# What a smaller request may get past: too large as a whole, or one value at fault (RFC 9110).
WORTH_LESS = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class AttributeResult:
    """Whether all is there that can be. `faults` has one sentence for each trouble.

    `again` is True when trying later may help.
    """

    faults: tuple[str, ...] = ()
    again: bool = False


def set_attributes(
    client: PlatformClient, entity: Entity, payload: Payload, policy: RetryPolicy
) -> AttributeResult:
    """Set the attributes that are not there yet, and look whether they arrived.

    Secrets are always set, since they read as null. Does not raise because of the platform.
    """
    wanted = payload.attributes | payload.secrets
    if not wanted:
        return AttributeResult()
    try:
        current = query_attributes(client, entity, policy) or {}
        changed = {
            name: value
            for name, value in wanted.items()
            if name in payload.secrets or current.get(name) != value
        }
        return AttributeResult(_set(client, entity, changed, payload, policy) if changed else ())
    except PurveyorError as error:
        refused = isinstance(error, PlatformRefusedError)
        return AttributeResult((f"Attributes did not arrive: {error.message}.",), again=not refused)


def _set(
    client: PlatformClient,
    entity: Entity,
    values: JsonObject,
    payload: Payload,
    policy: RetryPolicy,
) -> tuple[str, ...]:
    """Set values together; where they are refused, in halves: one must not keep back the rest."""
    try:
        answer = client.patch_attributes(entity.kind, entity.id, values, policy=policy)
    except PlatformRefusedError as error:
        if error.status not in WORTH_LESS or len(values) == 1:
            return (_tell_refusal(values, payload, error),)
        names, middle = list(values), len(values) // 2
        halves = ({n: values[n] for n in part} for part in (names[:middle], names[middle:]))
        return tuple(
            fault for half in halves for fault in _set(client, entity, half, payload, policy)
        )
    shown = answer.get("attributes")
    if not isinstance(shown, dict):
        shown = query_attributes(client, entity, policy)
    lost = [] if shown is None else [name for name in values if not _shows(shown, name, values)]
    if not lost:
        return ()
    fault = f"The platform took {_named(lost)} without a word, but does not show it"
    return (f"{fault}; check `visibleOn` in the specification.",)


def _tell_refusal(values: JsonObject, payload: Payload, error: PlatformRefusedError) -> str:
    fault = f"The platform refused {_named(values)}: {error.message}."
    stale = [name for name in values if name in payload.emptied]
    return f"{fault} It still shows an earlier value of {_named(stale)}." if stale else fault


def _shows(shown: JsonObject, name: str, values: JsonObject) -> bool:
    """A secret shows as null."""
    return name in shown and shown[name] in (None, values[name])


def _named(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
