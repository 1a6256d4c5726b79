"""Variables, outputs and module calls as single files declare them, before overrides."""

from __future__ import annotations

from dataclasses import field
from difflib import get_close_matches
from typing import TYPE_CHECKING
from unicodedata import normalize

from purveyor.dataclass import dataclass
from purveyor.declaration import ModuleCall, ModuleOutput, Primitive, Variable
from purveyor.hcl.constraints import find_mismatch
from purveyor.hcl.scanner import HclDoubtError, HclTextError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from purveyor.declaration import TypeConstraint, Validation
    from purveyor.json_text import JsonValue


FLAGS = frozenset({"nullable", "sensitive", "ephemeral"})
# What a block of each kind says in constants.
CONSTANTS = {
    "variable": FLAGS | {"default", "description"},
    "output": FLAGS | {"description"},
    "module": frozenset({"source"}),
}
# Of all versions of both engines: `deprecated`, `const` and an output's `type` are not in all.
_ARGUMENTS = {
    "variable": CONSTANTS["variable"] | {"type", "validation", "deprecated", "const"},
    "output": (CONSTANTS["output"] - {"nullable"})
    | {"value", "depends_on", "precondition", "deprecated", "type"},
}
_META = frozenset({"source", "version", "providers", "count", "for_each", "depends_on"})
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(slots=True)
class Draft:
    """One block: the names `given` in it, and the `values` of those whose constants are known."""

    kind: str
    name: str
    offset: int = -1
    line: int = 0
    file: str = ""
    type: TypeConstraint | None = None
    given: set[str] = field(default_factory=set)
    values: dict[str, JsonValue] = field(default_factory=dict)
    validations: list[Validation] = field(default_factory=list)

    def __str__(self) -> str:
        return f"the {self.kind} {self.name[:60]!r}"

    def override(self, other: Draft) -> None:
        self.type = other.type or self.type
        kept = {name: each for name, each in self.values.items() if name not in other.given}
        self.values = kept | other.values
        self.given |= other.given
        self.validations = other.validations or self.validations

    def as_variable(self, *, set_by: Container[str]) -> Variable:
        """Give the finished variable; `set_by` names those that a file of the module's own sets."""
        name = normalize("NFC", self.name)
        return Variable(
            name=name,
            spelling=self.name,
            type=self.type or Primitive("any"),
            required="default" not in self.given and name not in set_by,
            default=self.values.get("default"),
            nullable="nullable" not in self.given or self._flag("nullable"),
            sensitive=self._flag("sensitive"),
            ephemeral=self._flag("ephemeral"),
            description=str(self.values.get("description", "")),
            file=self.file,
            line=self.line,
            validations=tuple(self.validations),
        )

    def as_output(self) -> ModuleOutput:
        name, description = normalize("NFC", self.name), str(self.values.get("description", ""))
        return ModuleOutput(name, sensitive=self._flag("sensitive"), description=description)

    def as_call(self) -> ModuleCall:
        place = f"{self.file}:{self.line}" if self.line else self.file
        source = str(self.values.get("source", ""))
        return ModuleCall(self.name, source, frozenset(self.given - _META), place)

    def _flag(self, name: str) -> bool:
        # What only the engine can evaluate may be a secret, and is kept as one.
        return name in self.given and (
            name not in self.values or read_flag(self.values[name]) is True
        )

    def find_problem(self) -> str:
        """Say what no engine accepts of the finished block; empty when nothing is."""
        problem = ""
        default = self.values.get("default")
        if self.kind == "output" and "value" not in self.given:
            problem = "`value` is missing"
        elif (
            "default" in self.values
            and default is None
            and not self.as_variable(set_by=()).nullable
        ):
            problem = "`nullable = false` and the default null exclude each other"
        elif self.kind == "variable":
            problem = find_mismatch(default, self.type or Primitive("any"))
        return f"{self}: {problem}" if problem else ""


@dataclass(slots=True)
class FileReading:
    """What one file declares, and every fault and doubt in it.

    `resources` are addresses such as `aws_db_instance.main`; `required_versions` constraints.
    """

    drafts: list[Draft] = field(default_factory=list)
    faults: list[HclTextError] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    required_versions: list[str] = field(default_factory=list)
    backend: dict[str, JsonValue] = field(default_factory=dict)

    def take(
        self, draft: Draft, name: str, constant: tuple[JsonValue, ...] = (), offset: int = -1
    ) -> None:
        """Note one name of a block; `constant` holds its value, where that is known.

        A name that no engine knows is a fault where it is a known one misspelt, else a doubt.
        """
        draft.given.add(name)
        known = _ARGUMENTS.get(draft.kind, {name})
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.75)
            fault = HclTextError if close else HclDoubtError
            advice = f"; did you mean {close[0]!r}?" if close else ""
            self.faults.append(
                fault(f"{draft} has no argument {name[:60]!r}{advice}", offset=offset)
            )
        for value in constant:
            draft.values[name] = value
            if name in FLAGS and read_flag(value) is None:
                problem = f"{name} of {draft} needs true or false"
                self.faults.append(HclTextError(problem, offset=offset))
            elif name == "description" and (value is None or isinstance(value, dict | list)):
                self.faults.append(HclTextError(f"{name} of {draft} needs a text", offset=offset))


def read_flag(value: JsonValue) -> bool | None:
    """Give a flag's value, None when it is none; the engines take "true" and "1" in quotes too."""
    return (
        _TRUTHS.get(value) if isinstance(value, str) else value if isinstance(value, bool) else None
    )


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
            faults.append((draft.file, draft.line, f"{draft} is declared at {place} already"))
    for draft in overrides:
        base = merged.get((draft.kind, draft.name))
        if base is None:
            faults.append((draft.file, draft.line, f"{draft} overrides nothing"))
        else:
            base.override(draft)
    found = ((each, each.find_problem()) for each in merged.values())
    faults += [(each.file, each.line, problem) for each, problem in found if problem]
    return list(merged.values()), faults
