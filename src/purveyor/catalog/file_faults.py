"""What is wrong with files before they are read: a program's, and all in a module's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.catalog.document import Trail
    from purveyor.catalog.manifests_entry import ManifestsEntry
    from purveyor.catalog.resolution import Catalog
    from purveyor.catalog.step_entry import StepEntry

PULUMI_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
PULUMI_STORES = ("s3", "azurerm", "gcs", "local")
_INTERPRETERS = ("python", "bash", "sh", "node", "ruby", "perl")
_NOT_OURS = frozenset({".terraform", ".git"})


def find_command_faults(root: Path, run: Sequence[str]) -> list[tuple[int, str]]:
    """Return what is wrong with a program's words, by their numbers."""
    if not run:
        return []
    program, *arguments = run
    if "/" in program:
        return [(0, text) for text in _find_file_faults(root, program, executable=True)]
    if (root / program).is_file():
        return [(0, f'this is looked for on PATH; write "./{program}" for the catalog\'s file')]
    if program.startswith(_INTERPRETERS) and arguments and not arguments[0].startswith("-"):
        return [(1, text) for text in _find_file_faults(root, arguments[0], executable=False)]
    return []


def find_program_faults(catalog: Catalog, step: StepEntry) -> Iterator[tuple[Trail, str]]:
    """Yield where in a step what is wrong with its program."""
    root = catalog.root
    for key in ("run", "undo", "plan") if step.command else ():
        for number, text in find_command_faults(root, getattr(step.command, key)):
            yield ("command", key, number), text
    for key in ("run", "undo", "inventory") if step.playbook else ():
        for text in _find_named_faults(root, getattr(step.playbook, key)):
            yield ("playbook", key), text
    if step.manifests is not None:
        yield from _find_manifests_faults(root, step.manifests)
    if step.pulumi is not None:
        yield from _find_pulumi_faults(root, step.pulumi.project, catalog.model.backend.type)


def _find_named_faults(root: Path, name: str | None) -> list[str]:
    return _find_file_faults(root, name, executable=False) if name else []


def _find_pulumi_faults(root: Path, folder: str, backend: str) -> Iterator[tuple[Trail, str]]:
    if not any((root / folder / name).is_file() for name in PULUMI_FILES):
        yield ("pulumi", "project"), f"there is no {folder}/{PULUMI_FILES[0]}"
    if backend not in PULUMI_STORES:
        text = f"Pulumi keeps its state in {', '.join(PULUMI_STORES)}, not in {backend}"
        yield ("pulumi",), text


def _find_manifests_faults(root: Path, entry: ManifestsEntry) -> Iterator[tuple[Trail, str]]:
    for key in ("folder", "kustomize"):
        if name := getattr(entry, key):
            missing = [f"there is no folder {name} in the catalog's folder"]
            there = (root / name).is_dir()
            for text in find_folder_faults(root, root / name) if there else missing:
                yield ("manifests", key), text
    files: dict[Trail, str | None] = {("kubeconfig",): entry.kubeconfig}
    if entry.helm is not None:
        files |= {("helm", "values", n): each for n, each in enumerate(entry.helm.values)}
    for trail, name in files.items():
        for text in _find_named_faults(root, name):
            yield ("manifests", *trail), text


def _find_file_faults(root: Path, name: str, *, executable: bool) -> list[str]:
    path = root / name
    if Path(name).is_absolute():
        return []
    if not path.is_file():
        return [f"there is no file {name} in the catalog's folder"]
    if not path.resolve().is_relative_to(root):
        return ["the file is outside the catalog's folder"]
    if executable and not os.access(path, os.X_OK):
        return [f"{name} is not executable"]
    return []


def find_folder_faults(root: Path, folder: Path) -> list[str]:
    """Return one line for each entry below `folder` that a run could not copy or should not.

    A link that leaves `root` would work on this machine only; a link in a circle, a socket or a
    pipe would work on none.
    """
    faults: list[str] = []
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOT_OURS)
        for name in (*folders, *sorted(files)):
            path = Path(here, name)
            problem = _find_problem(root, path)
            if problem:
                faults.append(f"{path.relative_to(root)}: {problem}")
    return faults


def _find_problem(root: Path, path: Path) -> str:
    if path.is_symlink():
        target = _follow(path)
        if target is None:
            return "the link leads nowhere"
        if not target.is_relative_to(root):
            return "the link leaves the catalog's folder"
    if not path.is_file() and not path.is_dir():
        return "this is neither a file nor a folder"
    wanted = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return "" if os.access(path, wanted) else "it may not be read"


def _follow(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
