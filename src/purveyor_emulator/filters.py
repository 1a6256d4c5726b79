"""MongoDB-style queries over a notification, as channels use them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from purveyor_emulator.refusal import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject, JsonValue

_GROUPS = frozenset({"$and", "$or", "$nor"})


def matches(query: JsonObject, document: JsonObject) -> bool:
    """Tell whether a document fits; `{}` fits all. Raises RefusedError for an unknown operator."""
    # Evaluated in full, so that an unknown operator is refused whatever stands before it.
    found = [_clause(name, each, document) for name, each in query.items()]
    return all(found)


def _clause(name: str, condition: JsonValue, document: JsonObject) -> bool:
    if name in _GROUPS:
        parts = condition if isinstance(condition, list) else []
        if not parts or not all(isinstance(each, dict) for each in parts):
            raise invalid(f"body/filters/{name} must be an array of queries")
        found = [matches(each, document) for each in parts if isinstance(each, dict)]
        return {"$and": all(found), "$or": any(found), "$nor": not any(found)}[name]
    if name.startswith("$"):
        raise invalid(f"body/filters has the unknown operator {name}")
    value = _at(name, document)
    if isinstance(condition, dict) and any(key.startswith("$") for key in condition):
        return _all_hold(condition, value)
    return _equal(value, condition)


def _at(path: str, document: JsonValue) -> JsonValue:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _all_hold(condition: JsonObject, value: JsonValue) -> bool:
    found = [_holds(operator, value, wanted) for operator, wanted in condition.items()]
    return all(found)


def _holds(operator: str, value: JsonValue, wanted: JsonValue) -> bool:
    if operator == "$not":
        if not isinstance(wanted, dict):
            raise invalid("body/filters/$not must be a query")
        return not _all_hold(wanted, value)
    known = _OPERATORS.get(operator)
    if known is None:
        raise invalid(f"body/filters has the unknown operator {operator}")
    return known(value, wanted)


def _equal(value: JsonValue, wanted: JsonValue) -> bool:
    return value == wanted or (isinstance(value, list) and wanted in value)


def _in(value: JsonValue, wanted: JsonValue) -> bool:
    if not isinstance(wanted, list):
        raise invalid("body/filters/$in must be array")
    return any(_equal(value, each) for each in wanted)


def _regex(value: JsonValue, wanted: JsonValue) -> bool:
    try:
        pattern = re.compile(str(wanted))
    except re.error as error:
        raise invalid(f"body/filters/$regex is no pattern: {error}") from None
    return isinstance(value, str) and pattern.search(value) is not None


def _ordered(value: JsonValue, wanted: JsonValue) -> int | None:
    """Return -1, 0 or 1, None where the two have no order."""
    if isinstance(value, str) and isinstance(wanted, str):
        return (value > wanted) - (value < wanted)
    if _is_number(value) and _is_number(wanted):
        left, right = Decimal(str(value)), Decimal(str(wanted))
        return (left > right) - (left < right)
    return None


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


_OPERATORS: dict[str, Callable[[JsonValue, JsonValue], bool]] = {
    "$eq": _equal,
    "$ne": lambda value, wanted: not _equal(value, wanted),
    "$in": _in,
    "$nin": lambda value, wanted: not _in(value, wanted),
    "$gt": lambda value, wanted: _ordered(value, wanted) == 1,
    "$gte": lambda value, wanted: _ordered(value, wanted) in {0, 1},
    "$lt": lambda value, wanted: _ordered(value, wanted) == -1,
    "$lte": lambda value, wanted: _ordered(value, wanted) in {0, -1},
    "$regex": _regex,
}
