"""The layers of one request, cut to what the module declares and laid over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.parameters.merge import merge, merge_asked, select_declared, trim
from purveyor.parameters.type_faults import find_type_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.json_text import JsonValue
    from purveyor.parameters.request import Request


def merge_layers(request: Request, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give each declared variable's value, unchecked; variables that nobody names are absent."""
    variables = interface.variables
    asked = merge_asked(
        read_attributes(request, interface), _declared(request.parameters, variables), variables
    )
    values = merge(_declared(request.defaults, variables), asked)
    values = merge(values, choose_offered(request, interface))
    return merge(values, _declared(request.fixed, variables))


def read_attributes(request: Request, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give the attributes that are values of declared variables, a link's over its service's."""
    read: dict[str, JsonValue] = {}
    for layer in (request.service_attributes, request.link_attributes):
        read = merge(read, trim_attributes(layer, interface))
    return read


def trim_attributes(
    attributes: Mapping[str, JsonValue], interface: ModuleInterface
) -> dict[str, JsonValue]:
    """Give of one entity's attributes what counts as asked."""
    return {
        name: trim(value, interface.variables[name].type)
        for name, value in attributes.items()
        if name in interface.variables and value is not None
    }


def choose_offered(request: Request, interface: ModuleInterface) -> dict[str, JsonValue]:
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
