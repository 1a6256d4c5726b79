"""JSON Schema (draft-07) of a module's variables: their types, rules and defaults."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.declaration import Collection, Object, Primitive, Tuple
from purveyor.specs.rules import add_rules

if TYPE_CHECKING:
    from purveyor.declaration import TypeConstraint, Variable
    from purveyor.json_text import JsonObject, JsonValue

_PRIMITIVES = {"string": "string", "number": "number", "bool": "boolean"}
_TRUE = frozenset({"true", "1"})


def describe_variable(variable: Variable) -> tuple[JsonObject, list[str]]:
    """Return the schema of a variable's values, and the rules that it cannot say, in words.

    Null is not among the values, although the engine may take it: it is left out instead.
    """
    schema = describe_type(variable.type, secret=variable.sensitive)
    untold = add_rules(variable, schema)
    if variable.description:
        schema["description"] = " ".join(variable.description.split())
    if not variable.required and variable.default is not None and not variable.sensitive:
        schema["default"] = convert(variable.default, variable.type)
    return schema, untold


def describe_type(constraint: TypeConstraint, *, secret: bool = False) -> JsonObject:
    """Return the schema of a type's values; what is `secret` shows no inner default."""
    describe = partial(describe_type, secret=secret)
    match constraint:
        case Primitive(name):
            return {"type": _PRIMITIVES[name]} if name in _PRIMITIVES else {}
        case Collection("map", element):
            return {"type": "object", "additionalProperties": describe(element)}
        case Collection(name, element):
            unique: JsonObject = {"uniqueItems": True} if name == "set" else {}
            return {"type": "array", "items": describe(element), **unique}
        case Tuple(elements):
            count = len(elements)
            items: list[JsonValue] = [describe(each) for each in elements]
            return {"type": "array", "items": items, "minItems": count, "maxItems": count}
        case Object(attributes):
            properties: JsonObject = {}
            for name, each in attributes.items():
                properties[name] = inner = describe(each.type)
                if each.default is not None and not secret:
                    inner["default"] = convert(each.default, each.type)
            needed: list[JsonValue] = [n for n, each in attributes.items() if not each.optional]
            required: JsonObject = {"required": needed} if needed else {}
            return {"type": "object", "properties": properties, **required}


def convert(value: JsonValue, constraint: TypeConstraint) -> JsonValue:
    """Return a constant as the engine converts it: to the type, inner defaults filled in.

    What cannot be converted, which the engine refuses, stays as it is.
    """
    match constraint, value:
        case Primitive(name), bool() | int() | Decimal() | str():
            return _convert_primitive(value, name)
        case Collection("map", element), dict():
            return {key: convert(each, element) for key, each in value.items()}
        case Collection(name, element), list():
            items = [convert(each, element) for each in value]
            return _order(items) if name == "set" else items
        case Tuple(elements), list() if len(elements) == len(value):
            return [convert(each, inner) for each, inner in zip(value, elements, strict=True)]
        case Object(attributes), dict():
            known = {unicodedata.normalize("NFC", key): each for key, each in value.items()}
            found: JsonObject = {}
            for name, each in attributes.items():
                given = known.get(name)
                given = each.default if given is None else given
                if given is not None:
                    found[name] = convert(given, each.type)
            return found
        case _:
            return value


def _convert_primitive(value: bool | int | Decimal | str, name: str) -> JsonValue:  # noqa: FBT001 - a JSON value
    if name == "string" and not isinstance(value, str):
        return json_text.write(value)
    if name == "bool" and isinstance(value, str):
        return value in _TRUE
    if name == "number" and isinstance(value, str):
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else number
    return value


def _order(items: list[JsonValue]) -> list[JsonValue]:
    """Return a set's elements as the engines list them: once each, texts in order."""
    once = {json_text.write(each): each for each in items}
    if all(isinstance(each, str) for each in once.values()):
        return sorted(once.values(), key=str)
    return list(once.values())
