"""Variables and outputs as single files declare them, before overrides are merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.declaration import ModuleOutput, Primitive, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.declaration import TypeConstraint
    from purveyor.hcl.scanner import HclTextError
    from purveyor.json_text import JsonValue


@dataclass(slots=True)
class Draft:
    """One block; what it does not say is None. `has_default` tells null from no default."""

    kind: str
    name: str
    offset: int = -1
    line: int = 0
    file: str = ""
    type: TypeConstraint | None = None
    has_default: bool = False
    default: JsonValue = None
    flags: dict[str, bool] = field(default_factory=dict)
    description: str | None = None

    def override(self, other: Draft) -> None:
        """Take over what the other one says."""
        self.type = other.type or self.type
        if other.has_default:
            self.has_default, self.default = True, other.default
        self.flags.update(other.flags)
        self.description = self.description if other.description is None else other.description

    def as_variable(self) -> Variable:
        """Give the finished variable."""
        return Variable(
            name=self.name,
            type=self.type or Primitive("any"),
            required=not self.has_default,
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
            name=self.name,
            sensitive=self.flags.get("sensitive", False),
            description=self.description or "",
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file declares, and every fault in it."""

    drafts: tuple[Draft, ...]
    faults: tuple[HclTextError, ...]


FLAGS = frozenset({"nullable", "sensitive", "ephemeral"})
KINDS = ("variable", "output")


def read_flag(value: JsonValue) -> bool | None:
    """Give a flag's value, None when it is none; the engines take "true" in quotes too."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


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
    return list(merged.values()), faults
