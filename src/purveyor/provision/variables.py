"""What is offered to a module: what was asked, what the platform team fixed, who it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.parameters import Request, find_overruled, settle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.reporter import Standing

SERVICE_OUTPUTS = "service_outputs"


@dataclass(frozen=True, slots=True)
class Settled:
    """The variables for the engine; `notes` name each parameter that was overruled."""

    variables: Mapping[str, JsonValue]
    notes: tuple[str, ...]


def settle_variables(
    context: ActionContext,
    recipe: Recipe,
    interface: ModuleInterface,
    *,
    standing: Standing,
    service_outputs: Mapping[str, JsonValue],
) -> Settled:
    """Merge and check; raise ParameterError with every fault."""
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
    return Settled(settle(asked, interface), tuple(find_overruled(asked, interface)))


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
