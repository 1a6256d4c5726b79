"""What a dead run left in its private directory: an unsaved state is saved or kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.credentials import LOGIN_FOLDER
from purveyor.dataclass import dataclass
from purveyor.engines.registry import find_leftovers
from purveyor.entity import EntityRef
from purveyor.errors import PurveyorError
from purveyor.state_key import StateKey, refuse_moved, step_path
from purveyor.step import Leftovers, Proof, StateSlot

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import Entity
    from purveyor.attempt import LocalRun, Places
    from purveyor.catalog import Recipe, StepRecipe
    from purveyor.step import Engine

_NAME = "purveyor-"


@dataclass(frozen=True, slots=True)
class Remains:
    """What became of what was left: `notes` for the developer, `safe` unless a state is unsaved.

    `whole` when it is proven that the state, or one that was left, holds all that exists.
    """

    notes: tuple[str, ...] = ()
    safe: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Rescuer:
    entity: Entity
    recipe: Recipe
    places: Places
    open_engine: Callable[[StepRecipe], Engine]

    def rescue(self, unsaved: Path, run: LocalRun) -> tuple[bool, list[str]]:
        """Save a state, or park it; return whether it is saved, and what is to be told."""
        text, step = unsaved.read_text(encoding="utf-8"), self._find_step(unsaved, run)
        try:
            self._save(text, step)
        except PurveyorError as error:
            told = [error.message, *error.details]
            owner, mine = EntityRef.of(self.entity), f"{run.action}@{run.attempt}"
            try:
                kept = self.places.open_recovery(owner, mine, step.suffix).park(text)
            except PurveyorError:
                return False, [f"kept in {unsaved}", *told]
            unsaved.unlink()
            return False, [*(f"kept in {place}" for place in kept), *told]
        unsaved.unlink()
        return True, ["The state that the run could not save is saved now."]

    def holds_something(self) -> bool:
        """Tell whether the only state is not empty: of several nobody says which was changed."""
        if len(self.recipe.steps) > 1:
            return False
        try:
            backend = self.places.backend
            state = backend.read(backend.locate(self.entity))
        except PurveyorError:
            return False
        return state is not None and (state.encrypted or state.resources > 0)

    def _find_step(self, unsaved: Path, run: LocalRun) -> StepRecipe:
        """Return whose state it is, by the step's folder; the only one has none."""
        folder, steps = unsaved.relative_to(run.workspace).parts[0], self.recipe.steps
        return next((each for each in steps if each.folder == folder), steps[0])

    def _save(self, text: str, step: StepRecipe) -> None:
        backend = self.places.backend
        key = backend.locate(self.entity)
        refuse_moved(key, backend, self.entity)
        if step.suffix:
            key = StateKey(step_path(key.path, step.suffix), exists=True)
        stamp = step.stamp(EntityRef.of(self.entity).stamp)
        self.open_engine(step).save(text, StateSlot(backend.block(key), backend.access(key), stamp))


def rescue_left(run: LocalRun, rescuer: Rescuer | None) -> Remains:
    """Save the states that a dead run left unsaved; without a `rescuer` they stay there."""
    folder = _folder(run)
    left = Leftovers() if folder is None else find_leftovers(folder)
    if left.torn:
        return Remains((_set_aside(left.torn[0]),))
    notes: list[str] = []
    safe = True
    for unsaved in left.unsaved:
        where = (False, [f"kept in {unsaved}"])
        saved, told = where if rescuer is None else rescuer.rescue(unsaved, run)
        notes += told
        safe = safe and saved
    # An engine writes an unsaved state at its very end.
    doubts = left.proofs - {Proof.SAVED, Proof.UNTOUCHED}
    if doubts == {Proof.INTERRUPTED} and rescuer is not None and rescuer.holds_something():
        doubts = frozenset()
    proven = folder is not None and not doubts
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


def _folder(run: LocalRun) -> Path | None:
    folder = Path(run.workspace)
    ours = run.workspace and folder.name.startswith(_NAME) and folder.is_dir()
    return folder if ours and folder.stat().st_uid == os.getuid() else None
