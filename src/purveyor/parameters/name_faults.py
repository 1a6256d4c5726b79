"""Names that the module does not declare, and changes of what may not change."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from purveyor.parameters.equality import is_same
from purveyor.parameters.layers import read_own_starting_point
from purveyor.parameters.merge import merge_asked
from purveyor.parameters.type_faults import find_type_faults
from purveyor.parameters.wording import describe_value, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonValue
    from purveyor.parameters.request import VariableRequest

_MAX_COMPARED = 50


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
