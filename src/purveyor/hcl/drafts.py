"""Variables, outputs and module calls as single files declare them, before overrides."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING
from unicodedata import normalize

from purveyor.declaration import ModuleCall, ModuleOutput, Primitive, Variable
from purveyor.hcl.conversion import find_mismatch
from purveyor.hcl.scanner import HclDoubtError, HclTextError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.declaration import TypeConstraint
    from purveyor.json_text import JsonValue


@dataclass(slots=True)
class Draft:
    """One block; what it does not say is None. `given` are the names in it.

    `is_constant` tells whether `default` is known: null is a default, too.
    """

    kind: str
    name: str
    offset: int = -1
    line: int = 0
    file: str = ""
    type: TypeConstraint | None = None
    given: set[str] = field(default_factory=set)
    is_constant: bool = False
    default: JsonValue = None
    source: str = ""
    flags: dict[str, bool] = field(default_factory=dict)
    description: str | None = None

    def override(self, other: Draft) -> None:
        """Take over what the other one says."""
        self.type = other.type or self.type
        if "default" in other.given:
            self.is_constant, self.default = other.is_constant, other.default
        self.given |= other.given
        self.source = other.source or self.source
        self.flags.update(other.flags)
        self.description = self.description if other.description is None else other.description

    def as_variable(self, *, has_value: bool) -> Variable:
        """Give the finished variable; `has_value` when a file of the module's own sets it."""
        return Variable(
            name=normalize("NFC", self.name),
            spelling=self.name,
            type=self.type or Primitive("any"),
            required="default" not in self.given and not has_value,
            default=self.default,
            nullable=self.flags.get("nullable", True),
            sensitive=self.flags.get("sensitive", False),
            ephemeral=self.flags.get("ephemeral", False),
            description=self.description or "",
            file=self.file,
            line=self.line,
        )

    def as_output(self) -> ModuleOutput:
        """Give the finished output."""
        return ModuleOutput(
            name=normalize("NFC", self.name),
            sensitive=self.flags.get("sensitive", False),
            description=self.description or "",
        )

    def as_call(self) -> ModuleCall:
        """Give the finished call of a module."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ModuleCall(self.name, self.source, frozenset(self.given - _META), place)

    def find_problem(self) -> str:
        """Say what no engine accepts of the finished block; empty when nothing is."""
        problem = ""
        if self.kind == "output" and "value" not in self.given:
            problem = "`value` is missing"
        elif self.is_constant and self.default is None and self.flags.get("nullable") is False:
            problem = "`nullable = false` and the default null exclude each other"
        elif self.is_constant:
            problem = find_mismatch(self.default, self.type or Primitive("any"))
        return f"the {self.kind} {self.name[:60]!r}: {problem}" if problem else ""


@dataclass(slots=True)
class Reading:
    """What one file declares, and every fault and doubt in it.

    `resources` are addresses such as `aws_db_instance.main`; `required_versions` constraints.
    """

    drafts: list[Draft] = field(default_factory=list)
    faults: list[HclTextError] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    required_versions: list[str] = field(default_factory=list)

    def take_name(self, draft: Draft, name: str, offset: int = -1) -> None:
        """Note what a block gives: a fault where it is a known name misspelt, else a doubt."""
        draft.given.add(name)
        known = _ARGUMENTS.get(draft.kind, {name})
        if name not in known:
            problem = f"the {draft.kind} {draft.name[:60]!r} has no argument {name[:60]!r}"
            if close := get_close_matches(name, known, n=1, cutoff=0.75):
                problem = f"{problem}; did you mean {close[0]!r}?"
            fault = HclTextError if close else HclDoubtError
            self.faults.append(fault(problem, offset=offset))


FLAGS = frozenset({"nullable", "sensitive", "ephemeral"})
KINDS = ("variable", "output", "module")
_META = frozenset({"source", "version", "providers", "count", "for_each", "depends_on", "//"})
# Of all versions of both engines: `deprecated`, `const` and an output's `type` are not in all.
_ARGUMENTS = {
    "variable": FLAGS | {"type", "default", "description", "validation", "deprecated", "const"},
    "output": FLAGS - {"nullable"}
    | {"value", "description", "depends_on", "precondition", "deprecated", "type"},
}


def read_flag(value: JsonValue) -> bool | None:
    """Give a flag's value, None when it is none; the engines take "true" and "1" in quotes too."""
    if isinstance(value, bool):
        return value
    texts = {"true": True, "1": True, "false": False, "0": False}
    return texts.get(value) if isinstance(value, str) else None


def read_text(value: JsonValue) -> str | None:
    """Give a text, None when the engines take the value for none."""
    return None if value is None or isinstance(value, dict | list) else str(value)


def merge_drafts(
    primary: Iterable[Draft], overrides: Iterable[Draft]
) -> tuple[list[Draft], list[tuple[str, int, str]]]:
    """Give the merged drafts, and faults as (file, line, problem)."""
    merged: dict[tuple[str, str], Draft] = {}
    faults: list[tuple[str, int, str]] = []
    for draft in primary:
        first = merged.setdefault((draft.kind, draft.name), draft)
        if first is not draft:
            place = f"{first.file}:{first.line}" if first.line else first.file
            problem = f"the {draft.kind} {draft.name[:60]!r} is declared at {place} already"
            faults.append((draft.file, draft.line, problem))
    for draft in overrides:
        base = merged.get((draft.kind, draft.name))
        if base is None:
            problem = f"the {draft.kind} {draft.name[:60]!r} overrides nothing"
            faults.append((draft.file, draft.line, problem))
        else:
            base.override(draft)
    found = ((each, each.find_problem()) for each in merged.values())
    faults += [(each.file, each.line, problem) for each, problem in found if problem]
    return list(merged.values()), faults
