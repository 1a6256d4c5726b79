"""The only JSON codec: strict when it reads, exact when it writes.

Numbers keep every digit: an integer stays an `int`, a number with a point or an exponent becomes
a `Decimal` (RFC 8259 section 6 leaves precision to us; Terraform's numbers have 512 bits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeAlias

import simplejson

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def parse(text: str, *, max_depth: int = MAX_DEPTH, join_repeated: bool = False) -> JsonValue:
    """Read one JSON document; raise JsonTextError for bad syntax, NaN, repeated keys or depth.

    With `join_repeated` a repeated key holds the list of all its values.
    """
    try:
        value: JsonValue = simplejson.loads(
            text,
            use_decimal=True,
            allow_nan=False,
            parse_constant=_refuse_constant,
            object_pairs_hook=_join_keys if join_repeated else _unique_keys,
        )
    except simplejson.JSONDecodeError as error:
        # simplejson leaves a placeholder in one of its messages.
        problem = error.msg.removesuffix(" %r at")
        raise JsonTextError(problem, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise JsonTextError(f"nested deeper than {max_depth} levels") from None
    except JsonTextError:
        raise
    except ArithmeticError:
        raise JsonTextError("a number's exponent is out of range") from None
    except ValueError:
        # CPython refuses to read longer integers, since that takes quadratic time.
        raise JsonTextError("an integer has too many digits") from None
    if _depth(value) > max_depth:
        raise JsonTextError(f"nested deeper than {max_depth} levels")
    return value


def parse_object(text: str) -> JsonObject | None:
    """Parse an object; None for any other document, and for what is none."""
    try:
        found = parse(text)
    except JsonTextError:
        return None
    return found if isinstance(found, dict) else None


def as_object(value: JsonValue) -> JsonObject:
    """Return an object as it is, an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """Return a list as it is, an empty one in the place of anything else."""
    return value if isinstance(value, list) else []


def dig(value: JsonValue, *path: str) -> JsonValue:
    """Return what lies at a path of keys; None where there is nothing."""
    for key in path:
        value = as_object(value).get(key)
    return value


def skim(text: str) -> JsonValue:
    """Read what the text begins with, as leniently as can be; None when that is not JSON.

    For ids alone: numbers stay text, and a key that stands twice with two values is left out.
    """
    decoder = simplejson.JSONDecoder(
        strict=False,
        parse_int=str,
        parse_float=str,
        parse_constant=str,
        object_pairs_hook=_agreed_keys,
    )
    try:
        value: JsonValue = decoder.raw_decode(text)[0]
    except (simplejson.JSONDecodeError, RecursionError):
        return None
    return value


def write(
    value: object, *, indent: int | None = None, sort_keys: bool = False, compact: bool = False
) -> str:
    """Write JSON as ASCII text, numbers exact; `compact` leaves no spaces between."""
    return simplejson.dumps(
        value,
        use_decimal=True,
        allow_nan=False,
        indent=indent,
        sort_keys=sort_keys,
        separators=(",", ":") if compact else None,
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


def _agreed_keys(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    last = dict(pairs)
    disputed = {key for key, value in pairs if last[key] != value}
    return {key: value for key, value in last.items() if key not in disputed}


def _join_keys(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    joined: JsonObject = {}
    for key, value in pairs:
        if key in joined:
            parts = [each if isinstance(each, list) else [each] for each in (joined[key], value)]
            joined[key] = [item for part in parts for item in part]
        else:
            joined[key] = value
    return joined


def _depth(value: JsonValue) -> int:
    depth, layer = 0, [value]
    while layer := [each for each in layer if isinstance(each, (dict, list))]:
        depth += 1
        layer = [item for each in layer for item in _items(each)]
    return depth


def _items(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def flatten(value: JsonValue, path: str = "") -> dict[str, str]:
    """Return a document's leaves by their paths, as texts; what is null is left out."""
    if isinstance(value, dict):
        parts = [flatten(each, f"{path}.{name}".lstrip(".")) for name, each in value.items()]
        return {name: text for part in parts for name, text in part.items()}
    if value is None:
        return {}
    return {path: value if isinstance(value, str) else write(value, sort_keys=True)}


def list_differences(current: JsonObject, wanted: JsonObject) -> list[tuple[str, str, str]]:
    """Return path, value now and value wanted of what differs in the keys of `wanted`."""
    now, then = flatten({name: current.get(name) for name in wanted}), flatten(wanted)
    paths = [path for path in {**now, **then} if now.get(path) != then.get(path)]
    return [(path, now.get(path, "-"), then.get(path, "-")) for path in paths]
