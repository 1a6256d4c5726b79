"""The layers of one request, cut to what the module declares and laid over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.parameters.merge import merge, merge_asked, select_declared, trim
from purveyor.parameters.type_faults import find_type_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.json_text import JsonValue
    from purveyor.parameters.request import VariableRequest


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
