"""What a specification says about names: known, secret, dropped, of which type."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from purveyor.json_text import as_object, dig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue

# Property name to its JSON Schema (draft-07 with the platform's own keywords).
Properties: TypeAlias = "dict[str, JsonObject]"

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float, Decimal),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def read_properties(document: JsonObject, field: str) -> Properties | None:
    """Return the properties under `<field>.schema`; None when the document does not say."""
    found = dig(document, field, "schema", "properties")
    if not isinstance(found, dict):
        return None
    return {name: as_object(each) for name, each in found.items()}


def is_secret(schema: JsonObject) -> bool:
    """True when the platform keeps this value secret: `secret`, or `export.secret`."""
    return schema.get("secret") is True or dig(schema, "export", "secret") is True


def is_editable(schema: JsonObject) -> bool:
    """True when a developer may set such an attribute: its `editableOn` names create or update."""
    words = schema.get("editableOn")
    return isinstance(words, list) and bool({"create", "update"} & set(map(str, words)))


def find_secrets(values: Mapping[str, JsonValue], known: Properties | None) -> list[JsonValue]:
    """Return every value, nested ones too, that a specification calls secret."""
    found: list[JsonValue] = []
    for name, value in values.items():
        _collect_secrets(value, (known or {}).get(name, {}), found)
    return found


def _collect_secrets(value: JsonValue, schema: JsonObject, found: list[JsonValue]) -> None:
    items, inner = schema.get("items"), read_properties({"": {"schema": schema}}, "")
    if is_secret(schema):
        found.append(value)
    elif isinstance(value, dict):
        found += find_secrets(value, inner)
    elif isinstance(value, list) and isinstance(items, dict):
        for each in value:
            _collect_secrets(each, items, found)


def empty_value(schema: JsonObject) -> JsonValue:
    """Return what stands for "no value" where the type takes no null."""
    wanted = schema.get("type")
    empty: dict[str, JsonValue] = {"string": "", "array": [], "object": {}}
    return empty.get(wanted) if isinstance(wanted, str) else None


def target_of(name: str, results: Properties | None) -> str:
    """Return the attribute that a result sets: its `target`, else the one of the same name."""
    target = (results or {}).get(name, {}).get("target")
    return target if isinstance(target, str) and target else name


def is_dropped(name: str, known: Properties | None) -> bool:
    """True when the platform drops such an attribute without a word: `visibleOn: []`."""
    return (known or {}).get(name, {}).get("visibleOn") == []


def fault_of(name: str, value: JsonValue, known: Properties | None) -> str | None:
    """Return why a value would be refused or dropped; None when nothing is known against it."""
    if known is None:
        return None
    if name not in known:
        return "the specification does not know it"
    if is_dropped(name, known):
        return "the specification has `visibleOn: []` for it"
    wanted = known[name].get("type")
    words = wanted if isinstance(wanted, list) else [wanted]
    types = [_TYPES[word] for word in words if isinstance(word, str) and word in _TYPES]
    if types and not any(_is_of(value, each) for each in types):
        return f"the specification wants {' or '.join(str(word) for word in words)}"
    return None


def _is_of(value: JsonValue, types: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in types
    if types == (int,) and isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, types)
