"""One template: checked before it is run, run in a sandbox, and bounded in time and size.

Jinja2 parses and compiles it. Of its language only expressions are let in: no statement, no call
and no attribute of a Python object, so that nothing loops and nothing is reached but the values
that are given. Operators and filters are our own, since Jinja2's have no bounds.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, nodes
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from purveyor.compute import functions
from purveyor.compute.functions import FILTERS, ValueFaultError, concat, measure, number
from purveyor.dataclass import dataclass
from purveyor.parameters.wording import describe_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from purveyor.json_text import JsonValue

UsedPath: TypeAlias = "tuple[str, ...]"  # ("parameters", "size")

_SPECIFICATION: dict[str, Any] = {"id": None, "slug": None}
_ENTITY: dict[str, Any] = {"id": None, "slug": None, "specification": _SPECIFICATION}
# What may be read, with the keys where they are known beforehand.
NAMES: dict[str, Any] = {
    "service": {**_ENTITY, "name": None},
    "link": _ENTITY,
    "action": {**_ENTITY, "name": None, "type": None},
    "account": {"name": None, "region": None, "role_arn": None, "variables": None},
    **dict.fromkeys(("parameters", "attributes", "dimensions", "tags", "outputs", "steps")),
}
_LONGEST = 2000
_MOST_SHAPES = 3
_EXPRESSIONS = (
    *(nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.Add, nodes.Sub),
    *(nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Not, nodes.And),
    *(nodes.Or, nodes.CondExpr, nodes.List, nodes.Dict, nodes.Pair, nodes.Tuple),
)
_TESTS = ("boolean", "defined", "mapping", "none", "number", "string")
_NUMBER = "_number"  # reads a constant with a point, which Python would round
_BROKEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_NOTHING: Any = object()


class ComputeError(Exception):
    """What is wrong with a template, or keeps it from giving a value; never holds a value."""

    def __init__(self, place: int, problem: str) -> None:
        super().__init__(f"character {place}: {problem}")


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(functions.OPERATORS)

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, optimized=False, cache_size=0)
        self.globals = {}
        self.filters = {name: _strictly(each) for name, each in FILTERS.items()}
        self.filters |= {"default": functions.default, _NUMBER: lambda text: number(float(text))}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Read a key or an item of a JSON value, and nothing else of it."""
        if isinstance(obj, StrictUndefined):
            return obj
        is_key = isinstance(obj, dict) and isinstance(argument, str)
        is_place = isinstance(obj, list | str) and type(argument) is int
        try:
            return obj[argument] if is_key or is_place else self.undefined()
        except LookupError:
            return self.undefined()

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        del context
        return _strictly(functions.calculate)(operator, left, right)


def _strictly(function: Any) -> Any:
    def call(*arguments: Any) -> Any:
        for each in arguments:
            if isinstance(each, StrictUndefined):
                str(each)  # raises UndefinedError
        return function(*arguments)

    return call


class _Exactly(NodeTransformer):
    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802 - Jinja2's name
        if type(node.value) is not float:
            return node
        return nodes.Filter(nodes.Const(repr(node.value)), _NUMBER, [], [], None, None)


@lru_cache(maxsize=1)
def _open_sandbox() -> _Sandbox:
    return _Sandbox()


@dataclass(frozen=True, slots=True)
class _Part:
    """A text, or what one `{{ expression }}` says."""

    place: int = 1  # its first character in the template
    text: str = ""
    expression: TemplateExpression | None = None
    uses: tuple[UsedPath, ...] = ()
    optional: frozenset[UsedPath] = frozenset()  # uses that may be missing

    def evaluate(self, values: Mapping[str, JsonValue]) -> Any:
        if self.expression is None:
            return self.text
        try:
            found = self.expression(**values)
            _strictly(measure)(found)
        except UndefinedError:
            problem = self._find_missing(values)
        except ValueFaultError as error:
            problem = str(error)
        except _BROKEN:
            problem = "this cannot be worked out"
        else:
            return found
        known = {path: _look_up(values, path) for path in self.uses if len(path) > 1}
        shapes = [
            f"; {'.'.join(path)} is {describe_value(value, secret=True)}"
            for path, value in known.items()
            if value is not _NOTHING
        ]
        raise ComputeError(self.place, problem + "".join(shapes[:_MOST_SHAPES])) from None

    def _find_missing(self, values: Mapping[str, JsonValue]) -> str:
        needed = (path for path in self.uses if path not in self.optional)
        starts = (path[:end] for path in needed for end in range(1, len(path) + 1))
        missing = (path for path in starts if _look_up(values, path) is _NOTHING)
        return f"{'.'.join(next(missing, ('what it reads',)))} is missing"


def _look_up(values: Any, path: UsedPath) -> Any:
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return _NOTHING
        values = values[key]
    return values


class Template:
    """A template that passed every check but for its values; `uses` is all that it may read."""

    def __init__(self, source: str) -> None:
        """Raise ComputeError for the first thing that is wrong."""
        try:
            if len(source) > _LONGEST:
                raise ComputeError(_LONGEST, "a template ends here at the latest")
            self._parts = tuple(_read_parts(source))
        except TemplateSyntaxError as error:
            raise ComputeError(max(source.find("{{"), 0) + 1, str(error.message)) from None
        except (RecursionError, MemoryError, SyntaxError):
            raise ComputeError(1, "this is nested too deeply") from None
        self.uses = frozenset(path for part in self._parts for path in part.uses)

    def evaluate(self, values: Mapping[str, JsonValue]) -> JsonValue:
        """Give the value: one expression keeps its type, all else is text; raise ComputeError."""
        parts = [each for each in self._parts if each.expression or each.text.strip()]
        place = next((each.place for each in parts if each.expression), 1)
        try:
            if len(parts) == 1 and parts[0].expression is not None:
                return _to_json(parts[0].evaluate(values))
            return concat([each.evaluate(values) for each in self._parts])
        except ValueFaultError as error:
            raise ComputeError(place, str(error)) from None


def _read_parts(source: str) -> Iterator[_Part]:
    sandbox = _open_sandbox()
    begins, at = [], 1
    for _, token, text in sandbox.lex(source):
        begins += [at] if token == "variable_begin" else []  # noqa: S105 - a token of the lexer
        at += len(text)
    places = iter(begins)
    for output in sandbox.parse(source).body:
        if not isinstance(output, nodes.Output):
            _refuse(output, 1)
        for node in output.iter_child_nodes():
            if isinstance(node, nodes.TemplateData):
                yield _Part(text=node.data)
                continue
            place = next(places, 1)
            _refuse(node, place)
            uses, optional = tuple(_find_uses(node)), frozenset(_find_optional(node))
            yield _Part(place, "", _compile(sandbox, node), uses, optional)


def _refuse(node: nodes.Node, place: int) -> None:
    """Raise ComputeError for what is no expression, or names what there is not."""
    if not isinstance(node, _EXPRESSIONS):
        raise ComputeError(place, "only `{{ expressions }}` may stand here: no statement, no call")
    for kind, known in ((nodes.Filter, FILTERS), (nodes.Test, _TESTS)):
        if isinstance(node, kind) and node.name not in known:
            word = f"{kind.__name__.lower()} {node.name!r}"
            raise ComputeError(place, f"there is no {word}; {_suggest(node.name, known)}")
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        raise ComputeError(place, "an `if` needs an `else`")
    there: Any = NAMES
    for key in _path(node) or ():
        if isinstance(there, dict) and key not in there:
            raise ComputeError(place, f"there is no {key!r}; {_suggest(key, there)}")
        there = there[key] if there else None
    for child in node.iter_child_nodes():
        _refuse(child, place)


def _suggest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(known)}"


def _path(node: nodes.Node) -> UsedPath | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    key: Any = node.attr if isinstance(node, nodes.Getattr) else None
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        key = node.arg.value
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not isinstance(key, str):
        return None
    start = _path(node.node)
    return start and (*start, key)


def _find_uses(node: nodes.Node) -> Iterator[UsedPath]:
    path = _path(node)
    if path is not None:
        yield path
        return
    for child in node.iter_child_nodes():
        yield from _find_uses(child)


def _find_optional(node: nodes.Node) -> Iterator[UsedPath]:
    """What has a default, or is asked whether it is there."""
    for each in (node, *node.find_all((nodes.Filter, nodes.Test))):
        if isinstance(each, nodes.Filter | nodes.Test) and each.name in {"default", "defined"}:
            yield from _find_uses(each.node) if each.node else ()


def _compile(sandbox: _Sandbox, expression: nodes.Node) -> TemplateExpression:
    """Do as `Environment.compile_expression`, which takes text only."""
    body = nodes.Assign(nodes.Name("result", "store"), _Exactly().visit(expression))
    template = nodes.Template([body], lineno=1)
    template.set_lineno(1)
    template.set_environment(sandbox)
    return TemplateExpression(sandbox.from_string(template), undefined_to_none=False)


def _to_json(value: Any) -> JsonValue:
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueFaultError("an object's keys are text")
        return {key: _to_json(each) for key, each in value.items()}
    found: JsonValue = number(value) if isinstance(value, float) else value
    return found


def find_template_faults(source: str, *, is_link: bool, steps: Collection[str] = ()) -> list[str]:
    """Return what is wrong with a template of an entry; `steps` are those that ran before."""
    try:
        uses = sorted(Template(source).uses)
    except ComputeError as error:
        return [str(error)]
    links = () if is_link else ("link", "outputs")
    faults = [f"`{use[0]}` is there for links only" for use in uses if use[0] in links]
    named = [use[1] if len(use) > 1 else "" for use in uses if use[0] == "steps"]
    return faults + [
        f'no step "{each}" runs before this one' for each in named if each not in steps
    ]
