"""The only JSON codec: strict when it reads, exact when it writes.

Numbers keep every digit: an integer stays an `int`, a number with a point or an exponent becomes
a `Decimal` (RFC 8259 section 6 leaves precision to us; Terraform's numbers have 512 bits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeAlias

import simplejson

if TYPE_CHECKING:
    from decimal import Decimal

JsonValue: TypeAlias = (
    "dict[str, JsonValue] | list[JsonValue] | str | int | float | Decimal | bool | None"
)
JsonObject: TypeAlias = "dict[str, JsonValue]"

MAX_DEPTH = 64


class JsonTextError(ValueError):
    """The text is not JSON as we accept it; `line` and `column` count from 1, 0 when unknown."""

    def __init__(self, problem: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column


def parse(text: str, *, max_depth: int = MAX_DEPTH) -> JsonValue:
    """Read one JSON document; raise JsonTextError for bad syntax, NaN, repeated keys or depth."""
    try:
        value: JsonValue = simplejson.loads(
            text,
            use_decimal=True,
            allow_nan=False,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
    except simplejson.JSONDecodeError as error:
        raise JsonTextError(error.msg, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise JsonTextError(f"nested deeper than {max_depth} levels") from None
    except JsonTextError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise JsonTextError(str(error)) from None
    _check_depth(value, max_depth)
    return value


def write(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Write JSON as ASCII text, numbers exact."""
    return simplejson.dumps(
        value, use_decimal=True, allow_nan=False, indent=indent, sort_keys=sort_keys
    )


def _refuse_constant(name: str) -> NoReturn:
    raise JsonTextError(f"{name} is not a JSON number")


def _unique_keys(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        keys = [key for key, _ in pairs]
        doubled = next(key for key in keys if keys.count(key) > 1)
        raise JsonTextError(f"the key {doubled[:64]!r} stands twice in one object")
    return seen


def _check_depth(value: JsonValue, left: int) -> None:
    if left < 0:
        raise JsonTextError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for item in value.values():
            _check_depth(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _check_depth(item, left - 1)
