"""JSON Schema draft-07 with the platform's own keywords: who sees, who edits, what is secret."""

from __future__ import annotations

import functools
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from purveyor_emulator.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.json_text import JsonObject, JsonValue

_REQUESTS = Path(__file__).with_name("requests.yaml")


@functools.cache
def request(name: str) -> JsonObject:
    """Return what a request's body must be."""
    import yaml

    shapes: dict[str, JsonObject] = yaml.safe_load(_REQUESTS.read_text(encoding="utf-8"))
    return shapes[name]


def properties(schema: Mapping[str, JsonValue]) -> dict[str, JsonObject]:
    """Return the schema's properties by name."""
    found = schema.get("properties")
    if not isinstance(found, dict):
        return {}
    return {name: each if isinstance(each, dict) else {} for name, each in found.items()}


def visible(schema: JsonObject, values: JsonObject) -> JsonObject:
    """Drop what `visibleOn: []` hides; the platform says nothing about it either."""
    hidden = {name for name, each in properties(schema).items() if each.get("visibleOn") == []}
    return {name: value for name, value in values.items() if name not in hidden}


def is_secret(schema: Mapping[str, JsonValue]) -> bool:
    """Tell whether a property is secret, by its own word or by its export's."""
    export = schema.get("export")
    return schema.get("secret") is True or (
        isinstance(export, dict) and export.get("secret") is True
    )


def without_secrets(schema: Mapping[str, JsonValue], values: JsonObject) -> JsonObject:
    """Return a copy in which secrets are null, as the platform's answers show them."""
    known = properties(schema)
    return {name: _shown(known.get(name, {}), value) for name, value in values.items()}


def _shown(schema: JsonObject, value: JsonValue) -> JsonValue:
    if is_secret(schema):
        return None
    if isinstance(value, dict):
        return without_secrets(schema, value)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return [_shown(items, each) for each in value]
    return value


def secret_names(schema: Mapping[str, JsonValue]) -> set[str]:
    """Return the names of all secret properties, nested ones too."""
    names = set()
    for name, each in properties(schema).items():
        items = each.get("items")
        names |= secret_names(each) | secret_names(items if isinstance(items, dict) else {})
        if is_secret(each):
            names.add(name)
    return names


def check(schema: JsonObject, value: JsonValue, where: str) -> None:
    """Refuse a value that does not fit; the message names every fault and shows no value."""
    faults = dict.fromkeys(_faults(_validator(schema), value, where))
    if faults:
        raise invalid(", ".join(faults))


def check_some(schema: JsonObject, values: JsonObject, where: str) -> None:
    """Refuse as `check` does, but let properties be absent."""
    check({name: each for name, each in schema.items() if name != "required"}, values, where)


def _validator(schema: JsonObject) -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(_plain(schema))


def _faults(validator: Any, value: JsonValue, where: str) -> Iterator[str]:
    for error in validator.iter_errors(_plain(value)):
        path = "/".join([where, *map(str, error.absolute_path)])
        match error.validator:
            case "type":
                yield f"{path} must be {error.validator_value}"
            case "required":
                absent = [name for name in error.validator_value if name not in error.instance]
                yield f"{path} must have required property {absent}"
            case "additionalProperties":
                extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
                yield f"{path} must NOT have additional properties: {extra}"
            case "enum":
                yield f"{path} must be equal to one of the allowed values: {error.validator_value}"
            case word:
                yield f"{path} must satisfy {word} {error.validator_value}"


def _plain(value: JsonValue) -> Any:
    """Return numbers as the validator knows them."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def accepted(schema: JsonObject, parameters: JsonObject) -> JsonObject:
    """Return parameters as the platform takes them: unknown ones dropped, defaults filled in."""
    known = properties(schema)
    filled = {name: each["default"] for name, each in known.items() if "default" in each}
    return {**filled, **{name: value for name, value in parameters.items() if name in known}}


def editable(schema: JsonObject, operation: str) -> JsonObject:
    """Return the schema of the parameters that a default action offers."""
    chosen: JsonObject = {
        name: {key: value for key, value in each.items() if key not in _ATTRIBUTE_ONLY}
        for name, each in properties(schema).items()
        if operation in _words(each.get("editableOn"))
    }
    required: list[JsonValue] = [
        name for name in _words(schema.get("required")) if name in chosen and operation == "create"
    ]
    return {"type": "object", "properties": chosen, "required": required}


_ATTRIBUTE_ONLY = frozenset({"editableOn", "visibleOn", "export", "target"})


def mirrored(schema: JsonObject) -> JsonObject:
    """Return the schema of the results of a default action: the attributes, none required."""
    return {
        "type": "object",
        "properties": dict(properties(schema)),
        "additionalProperties": False,
    }


def attributes_from(values: JsonObject, schema: JsonObject, attributes: JsonObject) -> JsonObject:
    """Return which attributes `values` (of `schema`) set: by `target`, else by the same name."""
    known, own = properties(attributes), properties(schema)
    targets = {name: str(own.get(name, {}).get("target") or name) for name in values}
    found = {targets[name]: value for name, value in values.items() if targets[name] in known}
    return visible(attributes, found)


def targeted(values: JsonObject, schema: JsonObject, attributes: JsonObject) -> JsonObject:
    """Return which attributes `values` set by an explicit `target` alone."""
    named = {name for name, each in properties(schema).items() if "target" in each}
    chosen = {name: value for name, value in values.items() if name in named}
    return attributes_from(chosen, schema, attributes)


def _words(value: JsonValue) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
