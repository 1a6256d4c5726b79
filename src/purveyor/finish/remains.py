"""What a dead run left in its private directory: an unsaved state is saved or kept."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.credentials import LOGIN_FOLDER
from purveyor.engines.registry import find_leftovers
from purveyor.errors import PurveyorError
from purveyor.state_key import identity, refuse_moved
from purveyor.step import Leftovers, Proof, StateSlot

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.attempt.local_run import LocalRun
    from purveyor.catalog import Recipe
    from purveyor.finish.ports import Ports

_NAME = "purveyor-"


@dataclass(frozen=True, slots=True)
class Remains:
    """What became of what was left: `notes` for the developer, `safe` unless a state is unsaved.

    `whole` when it is proven that the state, or one that was left, holds all that exists.
    """

    notes: tuple[str, ...] = ()
    safe: bool = True
    whole: bool = False


def rescue_left(
    run: LocalRun, context: ActionContext, recipe: Recipe | None, ports: Ports
) -> Remains:
    """Save the states that a dead run left unsaved; park those that cannot be saved."""
    folder = _folder(run)
    left = Leftovers() if folder is None else find_leftovers(folder)
    if left.torn:
        return Remains((_set_aside(left.torn[0]),))
    notes: list[str] = []
    safe = True
    for unsaved in left.unsaved:
        saved, told = _rescue(unsaved, run, context, recipe, ports)
        notes += told
        safe = safe and saved
    # An engine writes an unsaved state at its very end.
    proven = folder is not None and left.proofs <= {Proof.SAVED, Proof.UNTOUCHED}
    return Remains(tuple(notes), safe, proven or bool(left.unsaved))


def _set_aside(part: Path) -> str:
    if part.stat().st_size:
        return f"The state was not written to its end; that part is kept in {part}"
    part.unlink()
    return "Nothing of the state could be written."


def remove_workspace(run: LocalRun) -> None:
    """Take the private directory away, unless it holds a state that is nowhere else."""
    folder = _folder(run)
    if folder is not None:
        shutil.rmtree(folder / LOGIN_FOLDER, ignore_errors=True)
        left = find_leftovers(folder)
        if not (left.unsaved or left.torn):
            shutil.rmtree(folder, ignore_errors=True)


def _rescue(
    unsaved: Path, run: LocalRun, context: ActionContext, recipe: Recipe | None, ports: Ports
) -> tuple[bool, list[str]]:
    if recipe is None:
        return False, [f"kept in {unsaved}"]
    text = unsaved.read_text(encoding="utf-8")
    try:
        _save(text, context, recipe, ports)
    except PurveyorError as error:
        told = [error.message, *error.details]
        try:
            mine = f"{run.action}@{run.attempt}"
            places = ports.open_recovery(recipe, context.entity, mine).park(text)
        except PurveyorError:
            return False, [f"kept in {unsaved}", *told]
        unsaved.unlink()
        return False, [*(f"kept in {place}" for place in places), *told]
    unsaved.unlink()
    return True, ["The state that the run could not save is saved now."]


def _save(text: str, context: ActionContext, recipe: Recipe, ports: Ports) -> None:
    backend = ports.open_backend(recipe)
    key = backend.locate(context.entity)
    refuse_moved(key, backend, context.entity)
    slot = StateSlot(backend.block(key), backend.access(key), identity(context.entity))
    ports.open_engine(recipe.steps[0]).save(text, slot)


def _folder(run: LocalRun) -> Path | None:
    """Return the workspace, if it is one of ours."""
    folder = Path(run.workspace)
    ours = run.workspace and folder.name.startswith(_NAME) and folder.is_dir()
    return folder if ours and folder.stat().st_uid == os.getuid() else None
