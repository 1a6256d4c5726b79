"""Checks a value against a declared type, without ever converting it.

The engines convert silently (`"1e3"` becomes 1000, 5 becomes "5", undeclared attributes of an
object vanish): what would be built is then not what was asked. So every such case is a fault here,
but for one: where a collection or an object wants text, the engines' text of a number or a boolean
is what authors count on (`map(string)` for `{enabled = true}`).
"""

from __future__ import annotations

import math
from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.declaration import Collection, Object, Primitive, Tuple
from purveyor.parameters.equality import normalise, shape_of, to_key
from purveyor.parameters.wording import count, describe_type, describe_value, join_key

if TYPE_CHECKING:
    from collections.abc import Hashable

    from purveyor.declaration import TypeConstraint
    from purveyor.json_text import JsonValue

MAX_NUMBER_BITS = 512
MAX_EXPONENT = 1000
_DIGITS = 154


def find_type_faults(
    value: JsonValue, constraint: TypeConstraint, path: str, *, secret: bool = False
) -> list[str]:
    """Give one line for each place where the value does not fit; nothing is converted.

    null fits everywhere: whether the variable itself may be null is its own declaration's matter.
    With `secret` neither values nor keys that are not declared are shown.
    """
    check = _Check(path, secret=secret)
    check.value(value, constraint, path)
    return check.faults


def find_converted(value: JsonValue, constraint: TypeConstraint, path: str) -> list[str]:
    """Give each place where the engine makes text of a number or a boolean."""
    check = _Check(path, secret=False)
    check.value(value, constraint, path)
    return check.converted


@dataclass(slots=True)
class _Check:
    root: str
    secret: bool
    faults: list[str] = field(default_factory=list)
    converted: list[str] = field(default_factory=list)

    def value(self, value: JsonValue, constraint: TypeConstraint, path: str) -> None:
        if value is None:
            return
        match constraint:
            case Primitive():
                self.primitive(value, constraint, path)
            case Collection(name="map"):
                self.map(value, constraint, path)
            case Collection():
                self.items(value, constraint, path)
            case Tuple():
                self.tuple(value, constraint, path)
            case Object():
                self.object(value, constraint, path)

    def primitive(self, value: JsonValue, constraint: Primitive, path: str) -> None:
        if constraint.name == "any":
            self.anything(value, path)
        elif shape_of(value) == constraint.name:
            self.scalar(value, path)
        elif (
            constraint.name == "string" and path != self.root and not isinstance(value, dict | list)
        ):
            self.scalar(value, path)
            self.converted.append(path)
        else:
            self.mismatch(value, constraint, path)

    def mismatch(self, value: JsonValue, constraint: TypeConstraint, path: str) -> None:
        given = describe_value(value, secret=self.secret)
        self.faults.append(f"{path}: given {given}; accepts {describe_type(constraint)}")

    def anything(self, value: JsonValue, path: str) -> None:
        if isinstance(value, dict):
            self.keys(value, path)
            for key, item in value.items():
                self.anything(item, self.join(path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.anything(item, f"{path}[{index}]")
        else:
            self.scalar(value, path)

    def scalar(self, value: JsonValue, path: str) -> None:
        """Refuse what no engine can hold exactly."""
        if isinstance(value, str):
            if not value.isascii() and _has_surrogate(value):
                self.faults.append(f"{path}: given a string with half a character; accepts Unicode")
        elif isinstance(value, int | float | Decimal) and not _is_exact(value):
            limit = f"at most {_DIGITS} digits and an exponent of at most {MAX_EXPONENT}"
            self.faults.append(f"{path}: given a number out of bounds; accepts {limit}")

    def map(self, value: JsonValue, constraint: Collection, path: str) -> None:
        if not isinstance(value, dict):
            self.mismatch(value, constraint, path)
            return
        self.keys(value, path)
        self.mixture(list(value.values()), constraint, path)
        for key, item in value.items():
            self.value(item, constraint.element, self.join(path, key))

    def items(self, value: JsonValue, constraint: Collection, path: str) -> None:
        if not isinstance(value, list):
            self.mismatch(value, constraint, path)
            return
        self.mixture(value, constraint, path)
        for index, item in enumerate(value):
            self.value(item, constraint.element, f"{path}[{index}]")
        if constraint.name == "set":
            self.repetition(value, path)

    def repetition(self, items: list[JsonValue], path: str) -> None:
        seen: dict[Hashable, int] = {}
        for index, item in enumerate(items):
            first = seen.setdefault(to_key(item), index)
            if first != index:
                repeated = f"given the same as {path}[{first}]"
                self.faults.append(f"{path}[{index}]: {repeated}; accepts distinct items")

    def mixture(self, items: list[JsonValue], constraint: Collection, path: str) -> None:
        """`list(any)` means one type for all items: the engines turn [1, "a"] into ["1", "a"]."""
        if constraint.element != Primitive("any"):
            return
        shapes = sorted({shape_of(item) for item in items if item is not None})
        if len(shapes) > 1:
            given = f"items of the types {', '.join(shapes)}"
            self.faults.append(f"{path}: given {given}; accepts items of one type")

    def tuple(self, value: JsonValue, constraint: Tuple, path: str) -> None:
        if not isinstance(value, list) or len(value) != len(constraint.elements):
            self.mismatch(value, constraint, path)
            return
        for index, (item, element) in enumerate(zip(value, constraint.elements, strict=True)):
            self.value(item, element, f"{path}[{index}]")

    def object(self, value: JsonValue, constraint: Object, path: str) -> None:
        if not isinstance(value, dict):
            self.mismatch(value, constraint, path)
            return
        self.keys(value, path)
        given = {normalise(key): key for key in value}
        undeclared = [key for key in given if key not in constraint.attributes]
        if undeclared and self.secret:
            keys = count(len(undeclared), "undeclared key")
            self.faults.append(f"{path}: given {keys}; accepts {describe_type(constraint)}")
            undeclared = []
        for key in undeclared:
            accepted = describe_type(constraint)
            self.faults.append(f"{join_key(path, key)}: is not declared; {path} accepts {accepted}")
        for name, attribute in constraint.attributes.items():
            place = join_key(path, name)
            if name in given:
                self.value(value[given[name]], attribute.type, place)
            elif not attribute.optional:
                self.faults.append(f"{place}: is missing; accepts {describe_type(attribute.type)}")

    def keys(self, value: dict[str, JsonValue], path: str) -> None:
        """Two spellings of one key in Unicode would become one key in the engines (NFC)."""
        if all(key.isascii() for key in value):
            return
        if any(_has_surrogate(key) for key in value):
            self.faults.append(f"{path}: given a key with half a character; accepts Unicode")
        elif len({normalise(key) for key in value}) != len(value):
            self.faults.append(f"{path}: given one key in two spellings; accepts distinct keys")

    def join(self, path: str, key: str) -> str:
        return f"{path}[…]" if self.secret else join_key(path, key)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _is_exact(value: float | Decimal) -> bool:
    """Tell whether an engine holds the number: 512 bits, and an exponent it can print."""
    if isinstance(value, int):
        return value.bit_length() <= MAX_NUMBER_BITS
    if isinstance(value, float):
        return math.isfinite(value)
    if not value.is_finite():
        return False
    exact = len(value.as_tuple().digits) <= _DIGITS
    return exact and abs(value.adjusted()) <= MAX_EXPONENT
