"""Merging by precedence, and what of an attribute counts as asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.declaration import Collection, Object, Primitive, Tuple
from purveyor.parameters.equality import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.declaration import TypeConstraint, Variable
    from purveyor.json_text import JsonValue

ANY = Primitive("any")


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
