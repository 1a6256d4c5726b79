"""Settles a request: one value for each variable of the module, or every fault at once."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.declaration import Collection, Object, Primitive, Tuple
from purveyor.errors import ParameterError
from purveyor.parameters.equality import is_same
from purveyor.parameters.layers import (
    choose_offered,
    merge,
    merge_asked,
    merge_layers,
    read_own_starting_point,
    read_starting_point,
)
from purveyor.parameters.type_faults import find_type_faults
from purveyor.parameters.wording import count, describe_type, describe_value, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from purveyor.declaration import ModuleInterface, TypeConstraint, Variable
    from purveyor.json_text import JsonValue
    from purveyor.parameters.layers import VariableRequest

_MAX_COMPARED = 50
MAX_DETAILS = 50


def find_unknown_names(request: VariableRequest, interface: ModuleInterface) -> list[str]:
    """Give a line for each name that means nothing to the module.

    A platform's update form may send a read-only attribute back: a parameter that only repeats
    the attribute of its name asks for nothing and is no fault.
    """
    attributes = {**request.service_attributes, **(request.link_attributes or {})}
    parameters = [
        name
        for name, value in request.parameters.items()
        if name not in request.used
        and (name not in attributes or not is_same(attributes[name], value))
    ]
    layers: tuple[tuple[str, Iterable[str]], ...] = (
        ("", parameters),
        (" (from the catalog's defaults)", request.defaults),
        (" (from the catalog's variables)", request.fixed),
        (" (from the catalog's immutable)", [name.split(".")[0] for name in request.immutable]),
    )
    faults: list[str] = []
    for source, names in layers:
        for name in names:
            if name not in interface.variables:
                advice = _advise(name, interface) if len(faults) < _MAX_COMPARED else ""
                faults.append(f"{escape(name)}: is no variable of the module{advice}{source}")
    return faults


def find_forbidden_changes(request: VariableRequest, interface: ModuleInterface) -> list[str]:
    """Give a line for each immutable place that the parameters would change.

    What was last applied counts, and what nobody set had the module's default. Where that is not
    known the platform's attributes count, and where those hold no value (never set, or a secret
    that reads back as null) a first value is no change.
    """
    current = find_applied(request, interface)
    asked = {name: value for name, value in request.parameters.items() if name in current}
    merged = merge_asked(current, asked, interface.variables)
    faults: list[str] = []
    for place in request.immutable:
        path = place.split(".")
        if not _holds(asked, path) or not _holds(current, path):
            continue
        before, after = _find(current, path), _find(merged, path)
        if not is_same(before, after):
            variable = interface.variables[path[0]]
            secret = variable.sensitive or variable.ephemeral
            given = describe_value(after, secret=secret)
            accepted = describe_value(before, secret=secret)
            faults.append(
                f"{escape(place)}: given {given}; accepts {accepted}, "
                "because it cannot change after the creation"
            )
    return faults


def find_applied(request: VariableRequest, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give the values of the last success, as far as they are known."""
    if request.applied is None:
        return read_own_starting_point(request, interface)
    defaults = {
        name: variable.default
        for name, variable in interface.variables.items()
        if not variable.required
        and name not in request.hidden
        and name not in interface.set_by
        and not find_type_faults(variable.default, variable.type, name)
    }
    return {**defaults, **request.applied}


def _advise(name: str, interface: ModuleInterface) -> str:
    if name in interface.outputs:
        return "; it is a result and cannot be set"
    close = get_close_matches(name[:64], list(interface.variables), n=1)
    if close:
        return f"; did you mean {escape(close[0])}?"
    return "" if interface.variables else "; it declares none"


def _holds(values: Mapping[str, JsonValue], path: list[str]) -> bool:
    inner: JsonValue = dict(values)
    for key in path:
        if not isinstance(inner, dict) or key not in inner:
            return False
        inner = inner[key]
    return True


def _find(values: Mapping[str, JsonValue], path: list[str]) -> JsonValue:
    inner: JsonValue = dict(values)
    for key in path:
        inner = inner.get(key) if isinstance(inner, dict) else None
    return inner


def resolve_request(request: VariableRequest, interface: ModuleInterface) -> dict[str, JsonValue]:
    """Give the variables file's content; raise ParameterError with all faults.

    create, update and custom are strict. delete asks for nothing new, and nothing that a person
    would first have to correct may stand before it: names that mean nothing are left out, types
    are left to the engine, and a required variable without a value (a secret that the platform
    does not give back) becomes null, or empty where null is refused: OpenTofu never takes null for
    `nullable = false`. Both engines accept that on destroy; where a template or a validation needs
    the value, they do with `-refresh=false` only (measured).
    """
    values = merge_layers(request, interface)
    if request.operation is Operation.DELETE:
        for each in interface.variables.values():
            if each.required and values.get(each.name) is None:
                values[each.name] = None if each.nullable else _make_empty(each.type)
        return values
    faults = find_unknown_names(request, interface)
    if request.operation is Operation.UPDATE:
        faults += find_forbidden_changes(request, interface)
    for variable in interface.variables.values():
        faults += _find_value_faults(variable, values, request, interface)
    if faults:
        raise _refuse(faults)
    return values


def find_offered(request: VariableRequest, interface: ModuleInterface) -> frozenset[str]:
    """Name the variables that get a reserved value and no value of anybody's."""
    return frozenset(choose_offered(request, interface)) - frozenset(request.fixed)


def find_overruled(request: VariableRequest, interface: ModuleInterface) -> list[str]:
    """Name the parameters that a stronger layer changes, one sentence each, without values.

    The platform team's value wins and is no fault, but a developer should not wonder.
    """
    values = merge_layers(request, interface)
    offered = choose_offered(request, interface)
    sentences: list[str] = []
    for name, asked in request.parameters.items():
        if name not in values or is_same(_lay_over(values[name], asked), values[name]):
            continue
        owner = (
            "Purveyor itself" if name in offered and name not in request.fixed else "the catalog"
        )
        sentences.append(f"{escape(name)} is set by {owner}; what was asked is not used.")
    return sentences


def _lay_over(value: JsonValue, asked: JsonValue) -> JsonValue:
    return merge({"": value}, {"": asked})[""]


def _make_empty(constraint: TypeConstraint) -> JsonValue:
    match constraint:
        case Primitive(name):
            return {"number": 0, "bool": False}.get(name, "")
        case Tuple(elements):
            return [_make_empty(each) for each in elements]
        case Object(attributes):
            return {name: _make_empty(each.type) for name, each in attributes.items()}
        case Collection(name):
            return {} if name == "map" else []


def _find_value_faults(
    variable: Variable,
    values: Mapping[str, JsonValue],
    request: VariableRequest,
    interface: ModuleInterface,
) -> list[str]:
    name = escape(variable.name)
    accepted = describe_type(variable.type)
    if variable.name not in values:
        # The module's default must never take the place of a secret that was set.
        if variable.name in request.hidden:
            return [f"{name}: is not kept, so it has to be given again; accepts {accepted}"]
        return [f"{name}: is missing; accepts {accepted}"] if variable.required else []
    value = values[variable.name]
    secret = variable.sensitive or variable.ephemeral or variable.name in request.secret
    faults = find_type_faults(value, variable.type, name, secret=secret)
    if value is None and not variable.nullable:
        faults = [f"{name}: given null; accepts {accepted}"]
    source = _name_source(variable.name, request, interface) if faults else ""
    return [f"{fault}{source}" for fault in faults]


def _name_source(name: str, request: VariableRequest, interface: ModuleInterface) -> str:
    """Say whose value it is when it is not the developer's: the strongest layer that names it."""
    if name in request.fixed:
        return " (from the catalog's variables)"
    if name in request.parameters or name in choose_offered(request, interface):
        return ""
    if name in read_starting_point(request, interface):
        return " (from the platform's attributes)"
    return " (from the catalog's defaults)"


def _refuse(faults: list[str]) -> ParameterError:
    shown = faults[:MAX_DETAILS]
    if len(faults) > MAX_DETAILS:
        shown.append(f"and {count(len(faults) - MAX_DETAILS, 'more fault')}")
    return ParameterError(
        f"What was asked does not fit the module in {count(len(faults), 'place')}.",
        hint="Correct the values listed and start the action again; the platform team corrects "
        "what comes from the catalog or the attributes.",
        details=shown,
    )
