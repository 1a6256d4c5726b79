"""What is offered to a module: what was asked, what the platform team fixed, who it is for."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import Operation
from purveyor.parameters import Request, find_missing, find_offered, find_overruled, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.reporter import Standing

SERVICE_OUTPUTS = "service_outputs"
_SOUNDS_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|credential|private_key|api_key|access_key",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Settled:
    """The variables for the engine; `notes` name each parameter that was overruled.

    `kept` are those that may be written down for later, `withheld` the names of those that may not,
    `fixed` the names that the catalog decided. What Purveyor itself offers is in none of them.
    """

    variables: Mapping[str, JsonValue]
    notes: tuple[str, ...]
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


def settle_variables(
    context: ActionContext,
    recipe: Recipe,
    interface: ModuleInterface,
    *,
    standing: Standing,
    service_outputs: Mapping[str, JsonValue],
    recall: Callable[[], Mapping[str, JsonValue]],
    is_secret: Callable[[str], bool],
) -> Settled:
    """Merge and check; raise ParameterError with every fault.

    `recall` gives the last success's values: a delete takes from there what nobody gives any more.
    `is_secret` tells of a text whether it holds a secret.
    """
    link = context.link
    asked = Request(
        operation=context.operation,
        defaults=recipe.defaults,
        service_attributes=_current(standing.service_attributes, context.service.attributes),
        link_attributes=_current(standing.link_attributes, link.attributes if link else {}),
        parameters=context.parameters,
        fixed=recipe.fixed_variables(interface.variables),
        offered={**offer_identity(context), SERVICE_OUTPUTS: dict(service_outputs)},
        immutable=recipe.immutable,
    )
    if context.operation is Operation.DELETE and find_missing(asked, interface):
        asked = dataclasses.replace(asked, defaults={**recall(), **asked.defaults})
    values = settle(asked, interface)
    own = {
        name: each for name, each in values.items() if name not in find_offered(asked, interface)
    }
    withheld = {name for name, each in own.items() if _is_private(interface, name, each, is_secret)}
    return Settled(
        values,
        tuple(find_overruled(asked, interface)),
        kept={name: each for name, each in own.items() if name not in withheld},
        withheld=tuple(sorted(withheld)),
        fixed=tuple(sorted(own.keys() & asked.fixed.keys())),
    )


def _is_private(
    interface: ModuleInterface, name: str, value: JsonValue, is_secret: Callable[[str], bool]
) -> bool:
    declared = interface.variables[name]
    if declared.sensitive or declared.ephemeral:
        return True
    # A module may forget to say so: what is a secret elsewhere, or sounds like one, is one.
    return value is not None and (
        _SOUNDS_SECRET.search(name) is not None or is_secret(json_text.write(value))
    )


def offer_identity(context: ActionContext) -> JsonObject:
    """Return the reserved variables: who and what the action is for."""
    link = context.link
    single: JsonObject = {
        "action_id": context.id,
        "service_id": context.service.id,
        "service_slug": context.service.slug,
        "link_id": link.id if link else None,
        "link_slug": link.slug if link else None,
        "entity_nrn": context.entity_nrn,
        "dimensions": dict(context.dimensions),
        "tags": dict(context.tags),
    }
    return {**single, "purveyor": {"kind": context.kind.value, **single}}


def learn_secrets(
    redactor: Redactor, interface: ModuleInterface, variables: Mapping[str, JsonValue]
) -> None:
    """Teach the redactor every value of a variable that the module calls sensitive."""
    for name, value in variables.items():
        declared = interface.variables.get(name)
        if declared is not None and declared.sensitive:
            redactor.add_value(value)


def _current(
    now: Mapping[str, JsonValue] | None, sent: Mapping[str, JsonValue]
) -> Mapping[str, JsonValue]:
    # The platform's present view replaces a payload that may be a stale copy.
    return sent if now is None else {**sent, **now}
