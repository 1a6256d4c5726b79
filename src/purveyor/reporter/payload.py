"""What of an outcome goes where: results, attributes, or nowhere."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import Operation
from purveyor.dataclass import dataclass
from purveyor.outcome import Status
from purveyor.redaction import Redactor, find_texts
from purveyor.reporter.specification import (
    empty_value,
    fault_of,
    is_dropped,
    is_secret,
    target_of,
)

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.outcome import Outcome
    from purveyor.reporter.specification import Properties

# Shorter ones, such as a user's name, may well be part of a public value.
_UNMISTAKABLE = 12


@dataclass(frozen=True, slots=True)
class KnownSchemas:
    """What the specifications say; None where they could not be read."""

    results: Properties | None = None
    attributes: Properties | None = None
    parameters: Properties | None = None
    # The platform would make an update action of attributes that are set: all goes by results.
    managed: bool = False

    @property
    def complete(self) -> bool:
        return self.results is not None and self.attributes is not None


@dataclass(slots=True)
class Payload:
    results: JsonObject = field(default_factory=dict)  # with the final status
    attributes: JsonObject = field(default_factory=dict)  # these two to the entity
    secrets: JsonObject = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)  # a sentence for each, without its value
    emptied: list[str] = field(default_factory=list)  # attributes that lose an earlier value


def split_results(outcome: Outcome, operation: Operation, known: KnownSchemas) -> Payload:
    """Sort an outcome's values.

    Null is not sent, and an empty secret only where an earlier success set it: they would wipe what
    somebody else put there. What an earlier success set and this one has no value for is emptied.
    The entity of a failed or a delete action gets no attributes. What a custom action returns is
    for the one who asked: only a result's `target`, which the platform follows, and secrets become
    attributes.
    """
    payload = Payload()
    lasting = outcome.status is Status.SUCCESS and operation is not Operation.DELETE
    own = lasting and not operation.by_program
    secret_texts = find_texts(dict(outcome.secrets))
    hidden = Redactor(text for text in secret_texts if len(text) >= _UNMISTAKABLE)
    for name, value in outcome.results.items():
        if value is None:
            continue
        text = json_text.write(value)
        if hidden.redact(text) != text:
            payload.left_out.append(f"{name!r} was withheld: it holds a secret value.")
            continue
        _place(name, value, known, payload, lasting=own and not known.managed)
    for name, value in outcome.secrets.items() if lasting else ():
        if value is not None and (value != "" or name in outcome.shown_before):
            _place_secret(name, value, known, payload)
    for name in outcome.shown_before if own else ():
        _empty(target_of(name, known.results), known, payload)
    return payload


def _empty(attribute: str, known: KnownSchemas, payload: Payload) -> None:
    """Take an earlier value back, unless there is one now or nothing can be shown anyway."""
    schema = (known.attributes or {}).get(attribute)
    given = payload.results if known.managed else payload.attributes | payload.secrets
    if attribute in given or schema is None or is_dropped(attribute, known.attributes):
        return
    sent = payload.secrets if is_secret(schema) else payload.attributes
    sent = payload.results if known.managed else sent
    sent[attribute] = empty_value(schema)
    payload.emptied.append(attribute)


def _place(
    name: str, value: JsonValue, known: KnownSchemas, payload: Payload, *, lasting: bool
) -> None:
    fault = fault_of(name, value, known.results)
    attribute = target_of(name, known.results)
    if fault is None:
        payload.results[name] = value
    if lasting and fault_of(attribute, value, known.attributes) is None:
        payload.attributes[attribute] = value
    elif fault is not None:
        payload.left_out.append(f"{name!r} was left out: {fault}.")
    elif lasting and is_dropped(attribute, known.attributes):
        payload.left_out.append(
            f"{name!r} will not show: the specification has `visibleOn: []` for it."
        )


def _place_secret(name: str, value: JsonValue, known: KnownSchemas, payload: Payload) -> None:
    attribute = target_of(name, known.results)
    if known.attributes is None:
        why = "the specification, which has to mark it secret, could not be read"
    elif not is_secret(known.attributes.get(attribute, {})):
        why = f"the specification has no attribute {attribute!r} that is marked `secret: true`"
    else:
        why = fault_of(attribute, value, known.attributes) or ""
    if known.managed and not why and not is_secret((known.results or {}).get(name, {})):
        why = f"the action's results have no {name!r} that is marked `secret: true`"
    if not why and known.managed:
        payload.results[name] = value
    elif not why:
        payload.secrets[attribute] = value
    else:
        payload.left_out.append(f"{name!r} is secret and was withheld: {why}.")
