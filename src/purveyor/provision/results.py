"""Outputs sorted into public results, marked secrets and what is withheld."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.state_key import IDENTITY_OUTPUT, refuse_moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import Entity
    from purveyor.catalog.recipe import OutputRule
    from purveyor.json_text import JsonValue
    from purveyor.provision.ports import Backend
    from purveyor.redaction import Redactor
    from purveyor.state_key import OutputValue


@dataclass(frozen=True, slots=True)
class Results:
    """`public` may be shown; `secrets` only become attributes marked secret; `notes` say why."""

    public: Mapping[str, JsonValue]
    secrets: Mapping[str, JsonValue]
    notes: tuple[str, ...]


def sort_outputs(
    outputs: Mapping[str, OutputValue],
    rules: Mapping[str, OutputRule] | None,
    redactor: Redactor,
) -> Results:
    """Apply the catalog's `outputs`; without it, every output that is not sensitive is a result."""
    own = {name: value for name, value in outputs.items() if name != IDENTITY_OUTPUT}
    for value in own.values():
        if value.sensitive:
            redactor.add_value(value.value)
    public: dict[str, JsonValue] = {}
    secrets: dict[str, JsonValue] = {}
    notes: list[str] = []
    for name, source, secret in _wanted(own, rules):
        if source not in own:
            notes.append(f"The module has no output {source!r} for the result {name!r}.")
        elif secret:
            redactor.add_value(own[source].value)
            secrets[name] = own[source].value
        elif own[source].sensitive:
            notes.append(
                f"The output {source!r} is sensitive and was withheld; to hand it on, mark it"
                " `secret: true` in the catalog's `outputs`."
            )
        else:
            public[name] = own[source].value
    return Results(public, secrets, tuple(notes))


def read_outputs(entity: Entity, backend: Backend, redactor: Redactor) -> dict[str, JsonValue]:
    """Return the outputs in an entity's state by name, empty without one; sensitive ones masked.

    Raise RecoveryError where the state has moved elsewhere.
    """
    key = backend.locate(entity)
    refuse_moved(key, backend, entity)
    state = backend.access(key).read() if key.exists else None
    outputs = state.outputs if state else {}
    for value in outputs.values():
        if value.sensitive:
            redactor.add_value(value.value)
    return {name: value.value for name, value in outputs.items() if name != IDENTITY_OUTPUT}


def _wanted(
    outputs: Mapping[str, OutputValue], rules: Mapping[str, OutputRule] | None
) -> list[tuple[str, str, bool]]:
    if rules is None:
        return [(name, name, False) for name, value in outputs.items() if not value.sensitive]
    return [(name, rule.output, rule.secret) for name, rule in rules.items()]
