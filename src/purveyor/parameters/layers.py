"""What is asked of a module in one action: its layers, laid over each other by precedence."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.declaration import Collection, Object, Primitive, Tuple
from purveyor.parameters.equality import normalise
from purveyor.parameters.type_faults import find_type_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import Operation
    from purveyor.declaration import ModuleInterface, TypeConstraint, Variable
    from purveyor.json_text import JsonValue

ANY = Primitive("any")


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRequest:
    """The layers of one module's variables, weakest first."""

    operation: Operation
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)  # the platform team's
    # What the platform shows: results of earlier runs, too. What is not declared counts as absent.
    service_attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    link_attributes: Mapping[str, JsonValue] | None = None  # None for an action on a service
    # What the entity's last success was asked for, where known: in the place of its own attributes.
    remembered: Mapping[str, JsonValue] | None = None
    applied: Mapping[str, JsonValue] | None = None  # every value of that success
    # What was set before and can be told by nobody now, such as a secret that was not kept.
    hidden: frozenset[str] = frozenset()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)  # asked now
    # Reserved names, given only where a declared variable fits; no parameter can replace them.
    offered: Mapping[str, JsonValue] = field(default_factory=dict)
    fixed: Mapping[str, JsonValue] = field(default_factory=dict)  # the platform team's; it wins
    immutable: tuple[str, ...] = ()  # variables, or places in them (`storage.class`)
    used: frozenset[str] = frozenset()  # parameters that computed values read
    secret: frozenset[str] = frozenset()  # variables whose values no fault may show

    @property
    def own_attributes(self) -> Mapping[str, JsonValue]:
        return self.service_attributes if self.link_attributes is None else self.link_attributes


def merge(weak: Mapping[str, JsonValue], strong: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Merge two layers: objects key by key, all else (null, false, 0, "" and arrays) replaces."""
    merged = dict(weak)
    for key, value in strong.items():
        merged[key] = _merge_value(merged.get(key), value)
    return merged


def merge_asked(
    attributes: Mapping[str, JsonValue],
    parameters: Mapping[str, JsonValue],
    variables: Mapping[str, Variable],
) -> dict[str, JsonValue]:
    """Lay parameters over attributes.

    As `merge`, but a declared `map(T)` is replaced as a whole: its keys are the developer's own
    data, and merged with those of the last run none could ever be taken away again.
    """
    merged = dict(attributes)
    for key, value in parameters.items():
        constraint = variables[key].type if key in variables else ANY
        merged[key] = _replace_maps(merged.get(key), value, constraint)
    return merged


def trim(value: JsonValue, constraint: TypeConstraint) -> JsonValue:
    """Give of a value only what the type declares, and of its objects no key that holds null.

    For attributes: they hold results of earlier runs beside what was asked, and a secret reads
    back as null (platform contract, 1.5), which nobody has asked for.
    """
    if isinstance(value, dict):
        return _trim_object(value, constraint)
    if not isinstance(value, list):
        return value
    match constraint:
        case Collection():
            return [trim(item, constraint.element) for item in value]
        case Tuple() if len(constraint.elements) == len(value):
            pairs = zip(value, constraint.elements, strict=True)
            return [trim(item, element) for item, element in pairs]
        case _:
            return value


def select_declared(value: JsonValue, constraint: TypeConstraint) -> JsonValue:
    """Give of an object the keys that the type declares; anything else as it is."""
    if isinstance(value, dict) and isinstance(constraint, Object):
        return {key: item for key, item in value.items() if key in constraint.attributes}
    return value


def _trim_object(value: dict[str, JsonValue], constraint: TypeConstraint) -> JsonValue:
    kept: dict[str, JsonValue] = {}
    for key, item in value.items():
        inner: TypeConstraint | None = ANY
        if isinstance(constraint, Object):
            attribute = constraint.attributes.get(normalise(key))
            inner = attribute.type if attribute else None
        elif isinstance(constraint, Collection):
            inner = constraint.element
        if inner is not None and item is not None:
            kept[key] = trim(item, inner)
    return kept


def _merge_value(weak: JsonValue, strong: JsonValue) -> JsonValue:
    if isinstance(weak, dict) and isinstance(strong, dict):
        return merge(weak, strong)
    return strong


def _replace_maps(weak: JsonValue, strong: JsonValue, constraint: TypeConstraint) -> JsonValue:
    if not isinstance(weak, dict) or not isinstance(strong, dict):
        return strong
    if isinstance(constraint, Collection):
        return strong
    merged = dict(weak)
    for key, value in strong.items():
        attribute = constraint.attributes.get(key) if isinstance(constraint, Object) else None
        inner = attribute.type if attribute else ANY
        merged[key] = _replace_maps(merged.get(key), value, inner)
    return merged


def merge_layers(request: VariableRequest, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give each declared variable's value, unchecked; variables that nobody names are absent."""
    variables = interface.variables
    asked = merge_asked(
        read_starting_point(request, interface), _declared(request.parameters, variables), variables
    )
    values = merge(_declared(request.defaults, variables), asked)
    values = merge(values, choose_offered(request, interface))
    values = merge(values, _declared(request.fixed, variables))
    return {
        name: value
        for name, value in values.items()
        if value is not None or not _means_default(variables[name])
    }


def read_starting_point(
    request: VariableRequest, interface: ModuleInterface
) -> dict[str, JsonValue]:
    """Give what holds before the parameters: for a link its service's attributes, and over them
    what was asked of the entity before.
    """
    inherited = request.service_attributes if request.link_attributes is not None else {}
    given = {name: value for name, value in inherited.items() if value is not None}
    own = read_own_starting_point(request, interface)
    if request.remembered is not None:
        return {**_trim_declared(given, interface), **own}
    return merge(_trim_declared(given, interface), own)


def read_own_starting_point(
    request: VariableRequest, interface: ModuleInterface
) -> dict[str, JsonValue]:
    """Give what was asked of the entity before; where nothing is remembered, by its attributes.

    The platform shows null for a secret, and for what nobody ever set. So null is a value only
    where the variable has no other, and nothing is hidden behind it.
    """
    if request.remembered is not None:
        return _declared(request.remembered, interface.variables)
    given = {
        name: value
        for name, value in request.own_attributes.items()
        if value is not None or _can_only_be_null(interface.variables.get(name), request.hidden)
    }
    return _trim_declared(given, interface)


def find_asked(request: VariableRequest, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give what the developer set, before and now, of what is declared, or read by a template."""
    own = read_own_starting_point(request, interface)
    now = _declared(request.parameters, interface.variables)
    shown = {name: value for name, value in request.own_attributes.items() if value is not None}
    layers = (shown, request.remembered or {}, request.parameters)
    used = {n: v for each in layers for n, v in each.items() if n in request.used}
    return {**used, **merge_asked(own, now, interface.variables)}


def _trim_declared(
    attributes: Mapping[str, JsonValue], interface: ModuleInterface
) -> dict[str, JsonValue]:
    return {
        name: trim(value, interface.variables[name].type)
        for name, value in attributes.items()
        if name in interface.variables
    }


def _can_only_be_null(variable: Variable | None, hidden: frozenset[str]) -> bool:
    if variable is None or variable.name in hidden:
        return False
    return variable.required and variable.nullable and not variable.sensitive


def _means_default(variable: Variable) -> bool:
    """Tell whether null stands for the default: so both engines read it (measured)."""
    return not variable.nullable and not variable.required


def choose_offered(request: VariableRequest, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give the reserved values whose variables are declared with a type that they fit.

    A module may use such a name (`tags`) for something of its own: what does not fit is not meant.
    """
    chosen: dict[str, JsonValue] = {}
    for name, value in request.offered.items():
        variable = interface.variables.get(name)
        if variable is None or (value is None and not variable.nullable):
            continue
        selected = select_declared(value, variable.type)
        if not find_type_faults(selected, variable.type, name):
            chosen[name] = selected
    return chosen


def _declared(
    layer: Mapping[str, JsonValue], variables: Mapping[str, Variable]
) -> dict[str, JsonValue]:
    return {name: value for name, value in layer.items() if name in variables}
