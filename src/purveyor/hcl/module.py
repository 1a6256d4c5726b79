"""Reads one module's folder: all its files, merged as the engines merge them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING
from unicodedata import normalize

from purveyor import json_text
from purveyor.declaration import ModuleInterface
from purveyor.errors import CatalogError, ReasonCode
from purveyor.hcl.drafts import CONSTANTS, Draft, FileReading, merge_drafts
from purveyor.hcl.files import find_files, is_json, read_text
from purveyor.hcl.json_syntax import read_json
from purveyor.hcl.native_syntax import Assignment, find_items, read_native
from purveyor.hcl.scanner import HclDoubtError, HclTextError, scan
from purveyor.memory import is_short

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    FindSyntaxFaults = Callable[[str], list[HclTextError]]

_ENDINGS = (".tfvars", ".tfvars.json")
_AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


def choose_parser() -> FindSyntaxFaults:
    """Give HashiCorp's own parser where it is installed (100 times faster), else python-hcl2."""
    if find_spec("pygohcl") is not None and not is_short():
        from purveyor.hcl.golang import find_syntax_faults
    else:
        from purveyor.hcl.python import find_syntax_faults
    return find_syntax_faults


def read_module(
    path: Path,
    *,
    tofu_files: bool = True,
    find_syntax_faults: FindSyntaxFaults | None = None,
    name: str = "",
    is_root: bool = True,
) -> ModuleInterface:
    """Give what the module in this folder takes and gives; `name` is what messages call it.

    Files of values count for a root module alone. `tofu_files=False` reads as Terraform does, which
    knows no *.tofu. `validation` blocks are the engine's to check. Raise CatalogError naming every
    fault of every file by file:line:column.
    """
    find_faults = find_syntax_faults or choose_parser()
    files = find_files(path, name or str(path), tofu_files=tofu_files)
    primary = _read_files(path, files.primary, find_faults)
    overrides = _read_files(path, files.overrides, find_faults)
    readings = primary | overrides
    faults, doubts = _sort_faults(readings)
    drafts: list[Draft] = []
    if not faults:
        both = (
            [draft for each in part.values() for draft in each.drafts]
            for part in (primary, overrides)
        )
        drafts, conflicts = merge_drafts(*both)
        faults = [_place(file, line, 1, problem) for file, line, problem in conflicts]
    if faults:
        raise CatalogError(
            f"The module {name or path} is not valid.",
            hint="Correct the places listed; the engine's `validate` command checks the rest.",
            details=faults,
            reason=ReasonCode.MODULE_INVALID,
        )
    set_by, unread = _find_values(path) if is_root else ({}, [])
    return _describe(path, drafts, list(readings.values()), set_by, (*doubts, *unread))


def _describe(
    path: Path,
    drafts: list[Draft],
    readings: list[FileReading],
    set_by: dict[str, str],
    doubts: tuple[str, ...],
) -> ModuleInterface:
    named = {kind: [each for each in drafts if each.kind == kind] for kind in CONSTANTS}
    variables = [each.as_variable(set_by=set_by) for each in named["variable"]]
    outputs = [each.as_output() for each in named["output"]]
    return ModuleInterface(
        path=path,
        variables={each.name: each for each in variables},
        outputs={each.name: each for each in outputs},
        set_by=set_by,
        calls=tuple(each.as_call() for each in named["module"]),
        resources=frozenset(name for each in readings for name in each.resources),
        required_versions=tuple(text for each in readings for text in each.required_versions),
        doubts=doubts,
        backend=next((each.backend for each in readings if each.backend), {}),
    )


def _read_files(
    folder: Path, names: tuple[str, ...], find_faults: FindSyntaxFaults
) -> dict[str, FileReading]:
    readings: dict[str, FileReading] = {}
    for name in names:
        try:
            text = read_text(folder / name)
            reading = read_json(text) if is_json(name) else read_native(text, find_faults)
        except HclTextError as fault:
            reading = FileReading(faults=[fault])
        for draft in reading.drafts:
            draft.file = name
        readings[name] = reading
    return readings


def _sort_faults(readings: dict[str, FileReading]) -> tuple[list[str], list[str]]:
    faults: list[str] = []
    doubts: list[str] = []
    for name, reading in readings.items():
        for each in reading.faults:
            line = _place(name, each.line, each.column, each.problem)
            (doubts if isinstance(each, HclDoubtError) else faults).append(line)
    return faults, doubts


def _place(file: str, line: int, column: int, problem: str) -> str:
    return f"{file}:{line}:{column}: {problem}" if line else f"{file}: {problem}"


def _find_values(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Give the file that sets each variable, and a line for each file that says nothing.

    They are `terraform.tfvars` and `*.auto.tfvars`, which both engines read themselves; the later
    one wins, in their order (measured).
    """
    names = [
        f"terraform{ending}" for ending in _ENDINGS if (folder / f"terraform{ending}").exists()
    ]
    names += sorted(each.name for each in folder.iterdir() if each.name.endswith(_AUTOMATIC))
    set_by: dict[str, str] = {}
    unread: list[str] = []
    for name in names:
        try:
            set_by.update(dict.fromkeys(_read_names(folder / name), name))
        except (HclTextError, json_text.JsonTextError) as fault:
            unread.append(f"{name}: {fault.problem}")
    return set_by, unread


def _read_names(path: Path) -> list[str]:
    text = read_text(path)
    if path.suffix == ".json":
        found = json_text.parse(text)
        return [normalize("NFC", name) for name in found] if isinstance(found, dict) else []
    tokens = scan(text.removeprefix("\ufeff"))
    items = find_items(tokens, 0, len(tokens.all))
    return [normalize("NFC", each.head.text) for each in items if isinstance(each, Assignment)]
