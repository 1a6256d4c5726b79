"""The operators and filters of templates, each with a bound on its result.

Messages name what is taken, never what was given.
"""

from __future__ import annotations

import hashlib
import operator
import re
import unicodedata
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from jinja2.runtime import Undefined

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SIZE = 1 << 20  # characters and items in one value, as many as a CONTEXT may have
_MAX_BITS = 512  # what both engines hold of a whole number
_MAX_EXPONENT = 1000
_LONGEST_SLUG = 63  # a label in DNS, RFC 1035; many clouds' names have that bound
_LONGEST_HASH = 64
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,150}\s*")


class ValueFaultError(Exception):
    """What a function refuses; the message may be shown."""


def measure(*values: Any) -> None:
    """Raise ValueFaultError for more characters and items than a value may have."""
    total, waiting = 0, list(values)
    while waiting:
        each = waiting.pop()
        total += 1 + (len(each) if isinstance(each, str | list | tuple | dict) else 0)
        _bound(total)
        if isinstance(each, list | tuple):
            waiting += each
        elif isinstance(each, dict):
            waiting += [*each, *each.values()]


def _bound(size: int) -> None:
    if size > MAX_SIZE:
        raise ValueFaultError(f"the result is larger than {MAX_SIZE} characters")


def _text(value: Any, taker: str) -> str:
    if not isinstance(value, str):
        raise ValueFaultError(f"`{taker}` takes text")
    return value


def _count(value: Any, most: int, taker: str) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise ValueFaultError(f"`{taker}` takes a whole number from 1 to {most}")
    return value


def _slug(value: Any, longest: Any = _LONGEST_SLUG) -> str:
    plain = unicodedata.normalize("NFKD", _text(value, "slug")).encode("ascii", "ignore")
    words = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")
    found = words[: _count(longest, _LONGEST_SLUG, "slug")].strip("-")
    if not found:
        raise ValueFaultError("`slug` finds no letter and no digit")
    return found


def _hash(value: Any, length: Any = 8) -> str:
    text = _text(value, "hash").encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[: _count(length, _LONGEST_HASH, "hash")]


def _split(value: Any, separator: Any = ",") -> list[str]:
    parts = _text(value, "split").split(_text(separator, "split") or None)
    return [part.strip() for part in parts if part.strip()]


def _replace(value: Any, old: Any, new: Any) -> str:
    text, gone, put = (_text(each, "replace") for each in (value, old, new))
    _bound(len(text) + text.count(gone) * len(put))
    return text.replace(gone, put)


def _int(value: Any) -> int:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueFaultError("`int` takes a whole number, or text that is one")
    return int(value if isinstance(value, str) else number(value))


def default(value: Any, other: Any) -> Any:
    """The platform shows null for what nobody set: so null counts as missing."""
    return other if value is None or isinstance(value, Undefined) else value


def concat(values: Any) -> str:
    """Put texts, numbers and booleans together."""
    texts: list[str] = []
    for each in values:
        if not isinstance(each, str | int | float | Decimal):
            raise ValueFaultError("what stands in a text has to be text, a number, true or false")
        exact = each if isinstance(each, str | bool) else number(each)
        texts.append(exact if isinstance(exact, str) else json_text.write(exact))
    measure(*texts)
    return "".join(texts)


def number(value: Any) -> int | Decimal:
    """Return a number exactly; raise ValueFaultError for what no engine holds, and what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueFaultError("arithmetic takes numbers")
    found = Decimal(repr(value)) if isinstance(value, float) else value
    if isinstance(found, int):
        fits = found.bit_length() <= _MAX_BITS
    else:
        fits = found.is_finite() and abs(found.adjusted()) <= _MAX_EXPONENT
    if not fits:
        raise ValueFaultError("a number is out of bounds")
    return found


def calculate(sign: str, left: Any, right: Any) -> Any:
    """Carry out an operator, exactly; raise ValueFaultError for a result out of bounds."""
    if sign == "+" and type(left) is type(right) and type(left) in (str, list):
        measure(left, right)
        return left + right
    first, second = number(left), number(right)
    with localcontext(Context(prec=60)):
        if sign != "/":
            return number(OPERATORS[sign](first, second))
        found = number(Decimal(first) / Decimal(second))
        return int(found) if found == Decimal(found).to_integral_value() else found


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
FILTERS: dict[str, Callable[..., Any]] = {
    "default": default,
    "hash": _hash,
    "int": _int,
    "lower": lambda value: _text(value, "lower").lower(),
    "replace": _replace,
    "slug": _slug,
    "split": _split,
    "upper": lambda value: _text(value, "upper").upper(),
}
