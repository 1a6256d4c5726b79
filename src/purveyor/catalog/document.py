"""Reads a YAML file and keeps where everything stands, for errors that point at it.

Plain scalars mean what YAML 1.2's core schema says (YAML 1.2.2, section 10.3), as editors and
JSON Schema take them: `no`, `on`, `1:30` and `2026-01-01` are text, only `true` and `false` are
booleans. `1.10` is a number: where text is wanted it is refused, never turned into "1.1".
"""

from __future__ import annotations

import re
from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from purveyor.dataclass import dataclass
from purveyor.json_text import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import yaml

    from purveyor.json_text import JsonObject, JsonValue

Trail: TypeAlias = "tuple[str | int, ...]"

_TAG = "tag:yaml.org,2002:"
_CORE = {
    f"{_TAG}null": re.compile(r"(?:~|null|Null|NULL|)\Z"),
    f"{_TAG}bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    f"{_TAG}int": re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
    f"{_TAG}float": re.compile(
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
}
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class Place:
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at one place of a file; `trail` leads to it from the document's root."""

    file: str
    place: Place
    trail: Trail
    text: str

    def __str__(self) -> str:
        """Show it as `file:line:column: trail: text`, which editors and CI systems can follow."""
        where = f"{self.file}:{self.place.line}:{self.place.column}"
        return ": ".join(part for part in (where, show_trail(self.trail), self.text) if part)


def show_trail(trail: Trail) -> str:
    """Show a trail as `services.mysql.run[0]`."""
    text = ""
    for part in trail:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


@dataclass(slots=True)
class Document:
    """A document's value, and the place of every key and value in it by its trail.

    `faults` were met while reading; `left_out` leads to values that became null for them.
    """

    file: str
    value: JsonValue = None
    faults: list[Fault] = field(default_factory=list)
    left_out: set[Trail] = field(default_factory=set)
    _keys: dict[Trail, Place] = field(default_factory=dict)
    _values: dict[Trail, Place] = field(default_factory=dict)

    def fault(self, trail: Trail, text: str, *, at_key: bool = False) -> Fault:
        """Return a fault at `trail`, or at the nearest thing above it that stands in the file."""
        known = trail
        while known and known not in self._values:
            known = known[:-1]
        place = self._values.get(known, Place(1, 1))
        return Fault(self.file, self._keys.get(known, place) if at_key else place, trail, text)

    def place(self, trail: Trail, key: Place | None, value: Place) -> None:
        self._values[trail] = value
        if key is not None:
            self._keys[trail] = key

    def find_empty(self, *, below: tuple[str, ...]) -> list[Trail]:
        """Return the trails of null values, except below keys where null is a value like others."""
        return [trail for trail in _find_nulls(self.value, (), below) if trail not in self.left_out]


def read_document(path: Path) -> Document:
    """Read a YAML file. Bad syntax, repeated keys and unknown tags become the document's faults."""
    import yaml

    document = Document(path.name)
    try:
        node = _compose(path.read_text(encoding="utf-8-sig"))
    except yaml.YAMLError as error:
        document.faults.append(_syntax_fault(document.file, error))
    except RecursionError:
        document.faults.append(document.fault((), f"nested deeper than {MAX_DEPTH} levels"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        document.faults.append(document.fault((), f"cannot be read: {reason}"))
    else:
        if node is not None:
            document.value = _Builder(document).build(node, ())
    return document


def _compose(text: str) -> yaml.Node | None:
    import yaml

    fastest = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {None: list(_CORE.items())}
    loader = type("CoreLoader", (fastest,), {"yaml_implicit_resolvers": resolvers})(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node


def _syntax_fault(file: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    context = getattr(error, "context", None)
    return Fault(file, place, (), f"not YAML: {problem}" + (f", {context}" if context else ""))


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


class _Builder:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._left = _MOST_VALUES

    def build(self, node: yaml.Node, trail: Trail, key: Place | None = None) -> JsonValue:
        import yaml

        self._document.place(trail, key, _place(node))
        self._left -= 1
        if len(trail) > MAX_DEPTH:
            return self._refuse(trail, f"nested deeper than {MAX_DEPTH} levels")
        if self._left < 0:
            return self._refuse_the_rest(trail)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._build_mapping(node, trail)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.build(item, (*trail, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._build_scalar(node.tag, node.value, trail)
        return self._refuse(trail, f"the tag {node.tag} is not read here")

    def _build_mapping(self, node: yaml.MappingNode, trail: Trail) -> JsonValue:
        import yaml

        found: JsonObject = {}
        for key, value in node.value:
            place = _place(key)
            if not isinstance(key, yaml.ScalarNode):
                self._note(Fault(self._document.file, place, trail, "a key must be text"))
            elif key.value == "<<":
                text = "merge keys (<<) are not read: write the keys out"
                self._note(Fault(self._document.file, place, trail, text))
            elif key.value in found:
                text = "the key stands twice in one mapping"
                self._note(Fault(self._document.file, place, (*trail, key.value), text))
            else:
                found[key.value] = self.build(value, (*trail, key.value), place)
        return found

    def _build_scalar(self, tag: str, text: str, trail: Trail) -> JsonValue:
        kind = tag.removeprefix(_TAG)
        if kind == "str":
            return text
        if tag not in _CORE or not _CORE[tag].match(text):
            return self._refuse(trail, f"the tag {tag} is not read here")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if _LEADING_ZERO.match(text):
            return self._refuse(trail, "a number with zeros in front: quote it if it is text")
        return self._build_number(kind, text, trail)

    def _build_number(self, kind: str, text: str, trail: Trail) -> JsonValue:
        if kind == "int":
            try:
                return int(text, 0)
            except ValueError:
                return self._refuse(trail, "the number is too long")
        number = text.lower()
        if number.endswith(("inf", "nan")):
            return self._refuse(trail, "JSON has no such number")
        return Decimal(number)

    def _refuse(self, trail: Trail, text: str) -> JsonValue:
        self._note(self._document.fault(trail, text))
        self._document.left_out.add(trail)
        return None

    def _refuse_the_rest(self, trail: Trail) -> JsonValue:
        if self._left == -1:
            self._note(self._document.fault(trail, f"more than {_MOST_VALUES} values"))
        return None

    def _note(self, fault: Fault) -> None:
        self._document.faults.append(fault)


def _find_nulls(value: JsonValue, trail: Trail, below: tuple[str, ...]) -> Iterator[Trail]:
    if value is None:
        yield trail
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in below or item is None:
                yield from _find_nulls(item, (*trail, key), below)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find_nulls(item, (*trail, number), below)


def unfold(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}
