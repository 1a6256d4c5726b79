"""The operators and filters of templates, each with a bound on its result.

Messages name what is taken, never what was given.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from jinja2.runtime import Undefined

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
    """Put texts, numbers and booleans together, as `~` and the text around expressions do."""
    texts = [each if isinstance(each, str) else _write(each) for each in values]
    measure(*texts)
    return "".join(texts)


def _write(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, int | float | Decimal):
        raise ValueFaultError("what stands in a text has to be text, a number, true or false")
    return str(number(value))


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


def _add(left: Any, right: Any) -> Any:
    measure(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    return number(left) + number(right)


def _divide(left: Any, right: Any) -> Any:
    found = Decimal(number(left)) / Decimal(number(right))
    return int(found) if number(found) == found.to_integral_value() else found


def _exactly(calculate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def bounded(left: Any, right: Any) -> Any:
        with localcontext(Context(prec=60)):
            found = calculate(left, right)
            return found if isinstance(found, str | list) else number(found)

    return bounded


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _exactly(_add),
    "-": _exactly(lambda left, right: number(left) - number(right)),
    "*": _exactly(lambda left, right: number(left) * number(right)),
    "/": _exactly(_divide),
    "//": _exactly(lambda left, right: number(left) // number(right)),
    "%": _exactly(lambda left, right: number(left) % number(right)),
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
