"""Outputs sorted into public results, marked secrets and what is withheld."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.entity import EntityRef
from purveyor.journal import Secrets
from purveyor.parameters import is_same, normalise
from purveyor.redaction import Redactor, find_texts
from purveyor.reporter.specification import is_editable
from purveyor.state_key import IDENTITY_OUTPUT, refuse_moved

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from purveyor.action import Entity
    from purveyor.attempt import Places
    from purveyor.catalog.recipe import OutputRule
    from purveyor.journal import Capsules
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.reporter.specification import Properties
    from purveyor.state_key import OutputValue


# A shorter secret, such as a user's name, may well be part of a public value.
_UNMISTAKABLE = 8


@dataclass(frozen=True, slots=True)
class Results:
    """`public` may be shown; `secrets` only become attributes marked secret; `notes` say why.

    `log_notes` are for the platform team alone.
    """

    public: Mapping[str, JsonValue]
    secrets: Mapping[str, JsonValue]
    notes: tuple[str, ...] = ()
    log_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandingOn:
    """By what outputs become results.

    `rules` are the catalog's `outputs`, None for all that are not sensitive. `variables` are those
    that the module declares, `applied` their values, `secret` the values that must not show.
    """

    rules: Mapping[str, OutputRule] | None
    variables: Collection[str] = ()
    applied: Mapping[str, JsonValue] = field(default_factory=dict)
    specification: Properties | None = None
    secret: Sequence[JsonValue] = ()


def sort_outputs(outputs: Mapping[str, OutputValue], by: HandingOn, redactor: Redactor) -> Results:
    """Apply the catalog's `outputs`; without it, every output that is not sensitive is a result.

    An attribute that the developer sets is not overwritten by an output of its name, unless the
    catalog says so: the next update would take the result for what was asked.
    """
    own = _learn_sensitive(outputs, redactor)
    holds_secret = _recognise(by.secret)
    public: dict[str, JsonValue] = {}
    secrets: dict[str, JsonValue] = {}
    notes: list[str] = []
    log_notes: list[str] = []
    for name, source, secret in _wanted(own, by.rules):
        if source not in own:
            notes.append(f"The module has no output {source!r} for the result {name!r}.")
        elif secret:
            redactor.add_value(own[source].value)
            secrets[name] = own[source].value
        elif fault := _find_secrecy(source, own[source], holds_secret):
            notes.append(fault)
        elif by.rules is None and _is_input(name, by):
            if not is_same(own[source].value, by.applied.get(name)):
                log_notes.append(
                    f"The output {name!r} has the name of a variable and another value, so it was"
                    " not handed on: the next update would take it for what was asked. Name it in"
                    " the catalog's `outputs` to hand it on."
                )
        else:
            public[name] = own[source].value
    unreported = [name for name, value in own.items() if value.sensitive]
    if by.rules is None and unreported:
        notes.append(
            "Sensitive outputs reach nobody without a place in the catalog's `outputs`, with"
            f" `secret: true`: {', '.join(unreported)}."
        )
    return Results(public, secrets, tuple(notes), tuple(log_notes))


def _find_secrecy(
    source: str, output: OutputValue, holds_secret: Callable[[JsonValue], bool]
) -> str:
    """Say why an output may not be shown; empty when it may."""
    if output.sensitive:
        return (
            f"The output {source!r} is sensitive and was withheld; to hand it on, mark it"
            " `secret: true` in the catalog's `outputs`."
        )
    if holds_secret(output.value):
        return f"The output {source!r} holds a secret value and was withheld."
    return ""


def _is_input(name: str, by: HandingOn) -> bool:
    known = by.specification
    return name in by.variables and (known is None or name not in known or is_editable(known[name]))


def _recognise(secrets: Sequence[JsonValue]) -> Callable[[JsonValue], bool]:
    """Return what tells whether a value is one of the secrets, or has a long one inside."""
    inside = Redactor()
    for each in secrets:
        inside.add(*(text for text in find_texts(each) if len(text) >= _UNMISTAKABLE))

    def holds_secret(value: JsonValue) -> bool:
        text = json_text.write(value)
        whole = value not in (None, "", True, False) and any(is_same(value, s) for s in secrets)
        return whole or inside.redact(text) != text

    return holds_secret


def read_outputs(entity: Entity, places: Places, redactor: Redactor) -> dict[str, OutputValue]:
    """Return the outputs in an entity's state by name, else those that the journal keeps.

    The redactor learns the sensitive ones. Raise RecoveryError where the state has moved elsewhere.
    """
    key = places.backend.locate(entity)
    refuse_moved(key, places.backend, entity)
    if not key.exists:
        return _learn_sensitive(_read_given(EntityRef.of(entity), places.capsules), redactor)
    state = places.backend.access(key).read()
    return _learn_sensitive(state.outputs if state else {}, redactor)


def take_values(outputs: Mapping[str, OutputValue]) -> JsonObject:
    return {name: each.value for name, each in outputs.items()}


def _read_given(entity: EntityRef, capsules: Capsules | None) -> dict[str, OutputValue]:
    """Return what all steps of an entity without a state gave at its last success."""
    capsule = capsules.read(entity) if capsules else None
    if capsules is None or capsule is None or capsule.deleted_at is not None:
        return {}
    secrets = capsules.read_secrets(entity) if capsule.has_secrets else Secrets()
    found: dict[str, OutputValue] = {}
    for each in (capsule, *capsule.steps):
        found |= each.read_given(secrets.of_step(each.step))
    return found


def _learn_sensitive(
    outputs: Mapping[str, OutputValue], redactor: Redactor
) -> dict[str, OutputValue]:
    """Return the module's own outputs; the redactor learns the sensitive ones."""
    own = {normalise(name): each for name, each in outputs.items() if name != IDENTITY_OUTPUT}
    for value in own.values():
        if value.sensitive:
            redactor.add_value(value.value)
    return own


def _wanted(
    outputs: Mapping[str, OutputValue], rules: Mapping[str, OutputRule] | None
) -> list[tuple[str, str, bool]]:
    if rules is None:
        return [(name, name, False) for name, value in outputs.items() if not value.sensitive]
    return [(name, rule.output, rule.secret) for name, rule in rules.items()]
