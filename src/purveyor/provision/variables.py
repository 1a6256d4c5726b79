"""What is offered to a module: what was asked, what the platform team fixed, who it is for."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.parameters import (
    VariableRequest,
    find_asked,
    find_offered,
    find_overruled,
    normalise,
    resolve_request,
)
from purveyor.reporter.specification import is_secret as is_marked_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from purveyor.action import ActionContext
    from purveyor.catalog.recipe import StepRecipe
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.provision.computed import Computation
    from purveyor.provision.starting_point import StartingPoint
    from purveyor.reporter import ActionSnapshot

SERVICE_OUTPUTS = "service_outputs"
_SOUNDS_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|credential|private_key|api_key|access_key",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ResolvedVariables:
    """The variables for the engine; `notes` name each parameter that was overruled.

    `kept` are those that may be written down for later, `withheld` those that may not, `fixed` the
    names that the catalog decided. What Purveyor itself offers is in none of them. `asked` is what
    the developer set. `private` names what may be secret, `secret` what the module or the
    specification calls so; `filled` what is needed and has no value.
    """

    variables: Mapping[str, JsonValue]
    notes: tuple[str, ...]
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    computed: Mapping[str, JsonValue] = field(default_factory=dict)  # decided once, no secrets
    withheld: Mapping[str, JsonValue] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    asked: Mapping[str, JsonValue] = field(default_factory=dict)
    private: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    service_name: str = ""
    filled: tuple[str, ...] = ()


def resolve_variables(
    context: ActionContext,
    step: StepRecipe,
    interface: ModuleInterface,
    *,
    snapshot: ActionSnapshot,
    start: StartingPoint,
    is_secret: Callable[[str], bool],
    computation: Computation,
    ignored: Collection[str] = (),
) -> ResolvedVariables:
    """Merge and check, without the parameters that are `ignored`; raise ParameterError."""
    name = snapshot.service_name or start.service_name or context.service.slug
    outputs = computation.read_outputs() if SERVICE_OUTPUTS in interface.variables else {}
    plain: JsonObject = {name: each.value for name, each in outputs.items()}

    def is_private(name: str, value: JsonValue) -> bool:
        marked = _is_marked(name, interface, snapshot, start)
        return marked or _may_be_secret(name, value, is_secret)

    request = _lay_out(context, step, interface, snapshot, start)
    parameters = {n: v for n, v in request.parameters.items() if n not in ignored}
    own = offer_identity(context, name)
    offered = {**own, **computation.offer_steps(), SERVICE_OUTPUTS: plain}
    request = computation.add_to(
        dataclasses.replace(request, parameters=parameters, offered=offered),
        interface,
        context,
        service_name=name,
        withheld=start.withheld,
        is_private=is_private,
    )
    known = {*interface.variables, *request.used}
    secret = request.secret | {n for n in known if _is_marked(n, interface, snapshot, start)}
    found = _sort(request, interface, secret, is_private)
    computed = {n: each for n, each in found.kept.items() if n in computation.once}
    return dataclasses.replace(found, computed=computed, service_name=name)


def _lay_out(
    context: ActionContext,
    step: StepRecipe,
    interface: ModuleInterface,
    snapshot: ActionSnapshot,
    start: StartingPoint,
) -> VariableRequest:
    service = {**context.service.attributes, **(snapshot.service_attributes or {})}
    return VariableRequest(
        operation=context.operation,
        defaults=step.defaults,
        service_attributes=service if context.link else start.attributes,
        link_attributes=start.attributes if context.link else None,
        remembered=start.remembered,
        applied=start.applied,
        hidden=start.hidden,
        parameters={normalise(name): value for name, value in context.parameters.items()},
        fixed=step.fixed_variables(interface.variables),
        immutable=step.immutable,
    )


def _sort(
    request: VariableRequest,
    interface: ModuleInterface,
    secret: frozenset[str],
    is_private: Callable[[str, JsonValue], bool],
) -> ResolvedVariables:
    values = resolve_request(request, interface)
    reserved, asked = find_offered(request, interface), find_asked(request, interface)
    own = {name: each for name, each in values.items() if name not in reserved}
    named = [*own.items(), *asked.items()]
    private = frozenset(n for n, each in named if n in secret or is_private(n, each))
    return ResolvedVariables(
        values,
        tuple(find_overruled(request, interface)),
        kept={name: each for name, each in own.items() if name not in private},
        withheld={name: each for name, each in own.items() if name in private},
        fixed=tuple(sorted(own.keys() & request.fixed.keys())),
        asked=asked,
        private=private,
        secret=secret,
        filled=tuple(n for n, v in interface.variables.items() if v.required and not values.get(n)),
    )


def _is_marked(
    name: str, interface: ModuleInterface, snapshot: ActionSnapshot, start: StartingPoint
) -> bool:
    """Believe the module and the specification; without one, whoever withheld the value before."""
    variable = interface.variables.get(name)
    if variable is not None and (variable.sensitive or variable.ephemeral):
        return True
    if snapshot.specification is None:
        return name in start.withheld
    return is_marked_secret(snapshot.specification.get(name, {}))


def _may_be_secret(name: str, value: JsonValue, is_secret: Callable[[str], bool]) -> bool:
    # Both may forget to say so: what is a secret elsewhere, or sounds like one, is one.
    return value is not None and (
        _SOUNDS_SECRET.search(name) is not None or is_secret(json_text.write(value))
    )


def offer_identity(context: ActionContext, service_name: str) -> JsonObject:
    """Return the reserved variables: who and what the action is for."""
    link = context.link
    single: JsonObject = {
        "action_id": context.id,
        "service_id": context.service.id,
        "service_slug": context.service.slug,
        "service_name": service_name,
        "link_id": link.id if link else None,
        "link_slug": link.slug if link else None,
        "entity_nrn": context.entity_nrn,
        "dimensions": dict(context.dimensions),
        "tags": dict(context.tags),
    }
    return {**single, "purveyor": {"kind": context.kind.value, **single}}
