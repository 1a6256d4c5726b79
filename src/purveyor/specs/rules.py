"""Translates a variable's validation rules into JSON Schema, as far as that can say the same."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from purveyor.hcl.expressions import (
    Constant,
    Expression,
    ForEach,
    FunctionCall,
    Listing,
    Operator,
    Reference,
    UnreadableError,
    parse_expression,
)
from purveyor.specs.keywords import (
    add,
    add_pattern,
    check_kind,
    escape,
    expect,
    inside,
    limit_length,
    tighten,
)
from purveyor.specs.patterns import UntranslatableError, translate_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.declaration import Variable
    from purveyor.json_text import JsonObject, JsonValue

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_BOUNDS = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}


def add_rules(variable: Variable, schema: JsonObject) -> list[str]:
    """Add to a schema what a variable's rules say; return the messages of those that it cannot."""
    untold: list[str] = []
    for each in variable.validations:
        changed = copy.deepcopy(schema)
        try:
            _RuleReading({("var", variable.spelling or variable.name): changed}).require(
                parse_expression(each.condition)
            )
        except (UnreadableError, UntranslatableError):
            untold.append(each.message or each.condition)
        else:
            schema.clear()
            schema.update(changed)
    return untold


class _RuleReading:
    """One rule; `places` are the schemas of what it speaks of, by the paths of references."""

    def __init__(self, places: dict[tuple[str, ...], JsonObject]) -> None:
        self._places = places

    def require(self, rule: Expression) -> None:
        """Let the schemas require the rule; raise UntranslatableError."""
        match rule:
            case Operator("&&", operands):
                for each in operands:
                    self.require(each)
            case Operator("||"):
                self._choose(_flatten(rule))
            case Operator("!", (FunctionCall("contains", (listed, subject)),)):
                self._forbid(self._find(subject), _constants(listed))
            case Operator(sign, (left, right)) if sign in _FLIPPED:
                self._compare(sign, left, right)
            case FunctionCall(name, arguments) if name in _CALLS:
                _CALLS[name](self, arguments)
            case _:
                raise UntranslatableError

    def _choose(self, options: list[Expression]) -> None:
        # What is null is left out, and nothing is required of it.
        left = [each for each in options if not _is_null_test(each)]
        if len(left) == 1:
            self.require(left[0])
            return
        values: list[JsonValue] = []
        subjects: list[JsonObject] = []
        patterns: list[str] = []
        for each in left:
            subject, found, pattern = self._read_option(each)
            subjects.append(subject)
            values += found
            patterns += pattern
        if not subjects or any(each is not subjects[0] for each in subjects):
            raise UntranslatableError
        if not patterns:
            self._allow(subjects[0], values)
            return
        expect(subjects[0], "string")
        check_kind(subjects[0], values)
        words = [f"^{escape(str(each))}$" for each in values]
        add_pattern(subjects[0], "|".join([*words, *(f"(?:{each})" for each in patterns)]))

    def _read_option(self, option: Expression) -> tuple[JsonObject, list[JsonValue], list[str]]:
        match option:
            case Operator("==", (Reference() as subject, Constant(value))) | Operator(
                "==", (Constant(value), Reference() as subject)
            ):
                return self._find(subject), [value], []
            case FunctionCall("contains", (listed, subject)):
                return self._find(subject), _constants(listed), []
            case FunctionCall("can", (FunctionCall("regex", (Constant(str(pattern)), subject)),)):
                return self._find(subject), [], [translate_pattern(pattern)]
            case Operator("==", (FunctionCall("length", (subject,)), Constant(0))):
                return self._find(subject), [""], []
            case _:
                raise UntranslatableError

    def _compare(self, sign: str, left: Expression, right: Expression) -> None:
        if isinstance(left, Constant) or not isinstance(right, Constant | FunctionCall | Reference):
            sign, left, right = _FLIPPED[sign], right, left
        match left, right:
            case Reference(), Constant(value):
                self._limit(self._find(left), sign, value)
            case FunctionCall("length", (Reference() as subject,)), Constant(limit):
                limit_length(self._find(subject), sign, limit)
            case FunctionCall(), Constant(0) if sign == ">":
                self._require_match(left)
            case (Reference(), _) | (_, Reference()) if sign == "==":
                self._require_whole(left, right)
            case Operator("%", (subject, Constant(by))), Constant(0) if sign == "==" and by:
                expect(self._find(subject), "number", "integer")
                self._find(subject)["multipleOf"] = by
            case FunctionCall("length", (FunctionCall("distinct", (one,)),)), FunctionCall(
                "length", (other,)
            ) if one == other and sign == "==":
                expect(self._find(one), "array")
                self._find(one)["uniqueItems"] = True
            case _:
                raise UntranslatableError

    def _require_match(self, found: FunctionCall) -> None:
        """`length(regexall(pattern, subject)) > 0`."""
        match found.arguments:
            case (FunctionCall("regexall", (Constant(str(pattern)), subject)),):
                add_pattern(self._find(subject), translate_pattern(pattern))
            case _:
                raise UntranslatableError

    def _require_whole(self, left: Expression, right: Expression) -> None:
        """`floor(subject) == subject`."""
        subject, rounded = (left, right) if isinstance(left, Reference) else (right, left)
        match rounded:
            case FunctionCall("floor" | "ceil" | "abs" as name, (same,)) if same == subject:
                expect(self._find(subject), "number", "integer")
                if name == "abs":
                    tighten(self._find(subject), "minimum", 0, up=True)
                else:
                    self._find(subject)["type"] = "integer"
            case _:
                raise UntranslatableError

    def _limit(self, schema: JsonObject, sign: str, value: JsonValue) -> None:
        if sign == "==":
            self._allow(schema, [value])
        elif sign == "!=":
            if value is not None:
                self._forbid(schema, [value])
        else:
            expect(schema, "number", "integer")
            check_kind(schema, [value])
            tighten(schema, _BOUNDS[sign], value, up=">" in sign)

    @staticmethod
    def _allow(schema: JsonObject, values: list[JsonValue]) -> None:
        check_kind(schema, values)
        known = schema.get("enum")
        schema["enum"] = (
            [each for each in values if each in known]
            if isinstance(known, list)
            else list(dict.fromkeys(values))
        )

    @staticmethod
    def _forbid(schema: JsonObject, values: list[JsonValue]) -> None:
        check_kind(schema, values)
        add(schema, "not", {"enum": list(values)})

    def contains(self, arguments: tuple[Expression, ...]) -> None:
        listed, subject = _two(arguments)
        self._allow(self._find(subject), _constants(listed))

    def can(self, arguments: tuple[Expression, ...]) -> None:
        match arguments:
            case (FunctionCall("regex", (Constant(str(pattern)), subject)),):
                add_pattern(self._find(subject), translate_pattern(pattern))
            case _:
                raise UntranslatableError

    def startswith(self, arguments: tuple[Expression, ...]) -> None:
        match arguments:
            case (subject, Constant(str(text))):
                add_pattern(self._find(subject), f"^{escape(text)}")
            case _:
                raise UntranslatableError

    def endswith(self, arguments: tuple[Expression, ...]) -> None:
        match arguments:
            case (subject, Constant(str(text))):
                add_pattern(self._find(subject), f"{escape(text)}$")
            case _:
                raise UntranslatableError

    def alltrue(self, arguments: tuple[Expression, ...]) -> None:
        """Let each element of a collection keep to the rule."""
        match arguments:
            case (ForEach(key, value, collection, body),):
                schema = self._find(collection)
            case _:
                raise UntranslatableError
        names: JsonObject = {"type": "string"}
        inner = dict(self._places)
        if schema.get("type") == "array":
            inner[value,] = inside(schema, "items")
        else:
            inner[value,] = inside(schema, "additionalProperties")
            inner[key,] = names
        _RuleReading(inner).require(body)
        if len(names) > 1:
            schema["propertyNames"] = {n: each for n, each in names.items() if n != "type"}

    def _find(self, subject: Expression) -> JsonObject:
        if not isinstance(subject, Reference):
            raise UntranslatableError
        for path, schema in self._places.items():
            if subject.path[: len(path)] == path:
                found = schema
                for part in subject.path[len(path) :]:
                    found = inside(inside(found, "properties"), part)
                return found
        raise UntranslatableError


_CALLS: Mapping[str, Callable[[_RuleReading, tuple[Expression, ...]], None]] = {
    name: getattr(_RuleReading, name)
    for name in ("contains", "can", "startswith", "endswith", "alltrue")
}


def _flatten(rule: Expression) -> list[Expression]:
    if isinstance(rule, Operator) and rule.sign == "||":
        return [each for operand in rule.operands for each in _flatten(operand)]
    return [rule]


def _is_null_test(rule: Expression) -> bool:
    return isinstance(rule, Operator) and rule.sign == "==" and Constant(None) in rule.operands


def _constants(listed: Expression) -> list[JsonValue]:
    if isinstance(listed, FunctionCall) and listed.name in {"tolist", "toset"}:
        (listed,) = listed.arguments
    if not isinstance(listed, Listing):
        raise UntranslatableError
    if not all(isinstance(each, Constant) for each in listed.items):
        raise UntranslatableError
    return [each.value for each in listed.items if isinstance(each, Constant)]


def _two(arguments: tuple[Expression, ...]) -> tuple[Expression, Expression]:
    if len(arguments) != 2:  # noqa: PLR2004 - a pair
        raise UntranslatableError
    return arguments[0], arguments[1]
