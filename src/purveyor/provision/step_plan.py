"""An action that was claimed, one checked step of it, and the run of all of them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.dataclass import dataclass
from purveyor.program import PulumiProject
from purveyor.provision.starting_point import StartingPoint
from purveyor.provision.variables import ResolvedVariables
from purveyor.state_key import own_key
from purveyor.step import OwnState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.attempt import Attempt, CheckedState, EntityRecord, MarkedChange, Places
    from purveyor.catalog import Recipe, StepRecipe
    from purveyor.declaration import ModuleInterface
    from purveyor.journal import Capsule
    from purveyor.json_text import JsonObject
    from purveyor.provision.step_tools import StepTools
    from purveyor.reporter import ActionSnapshot
    from purveyor.state_key import OutputValue, StateKey
    from purveyor.step import BackendBlock, Engine, Recovery, StepResult


@dataclass(frozen=True, slots=True)
class ClaimedAction:
    """An action that is ours to carry out: what is known of it, and with what it is done."""

    context: ActionContext
    snapshot: ActionSnapshot
    recipe: Recipe
    places: Places
    record: EntityRecord
    attempt: Attempt
    tools: StepTools
    key: StateKey | None  # as it was when the action was claimed, where it could be told
    # The keeper of the unsaved states of a further step by its name; of the first, by none.
    open_recovery: Callable[[str], Recovery]


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step that passed every check and has not touched anything yet."""

    recipe: StepRecipe
    engine: Engine
    workspace: Path
    module: Path
    interface: ModuleInterface
    draft: Capsule | None  # what it will leave
    key: StateKey | None = None  # None for a step that keeps no state of ours
    state: CheckedState | None = None
    recovery: Recovery | None = None
    stands: bool = True  # whether there may be something to delete
    lock_file: str = ""  # the engine's own, as the last success left it
    start: StartingPoint = field(default_factory=lambda: StartingPoint({}))
    resolved: ResolvedVariables = field(default_factory=lambda: ResolvedVariables({}, ()))

    @property
    def name(self) -> str:
        return self.recipe.name

    def is_due(self, operation: Operation) -> bool:
        if operation is not Operation.DELETE:
            return True
        program = self.recipe.program
        return bool(program.undo) if program else self.stands


@dataclass(slots=True)
class StepRun:
    """The steps of one action, and what those that are done have given."""

    action: ClaimedAction
    key: StateKey
    workspace: Path
    change: MarkedChange
    plans: tuple[StepPlan, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    # Outputs by step; those of a state that is there already are known before.
    outputs: dict[str, Mapping[str, OutputValue]] = field(default_factory=dict)
    done: list[tuple[StepPlan, StepResult]] = field(default_factory=list)

    @property
    def state_key(self) -> str:
        """Where the state of the entity's first step lies; empty where it keeps none."""
        return "" if self.action.recipe.stateless else self.key.path

    def recall_given(self, plan: StepPlan) -> dict[str, OutputValue] | None:
        """Return what a step gave at the last success, where no state keeps it."""
        action, step = self.action, plan.recipe.suffix
        if not action.recipe.stateless or action.context.operation is Operation.CREATE:
            return None
        capsule = action.record.recall_living(step)
        if capsule is None:
            return None
        return capsule.read_given(action.record.recall_secrets(capsule, step))

    def reach(self, block: BackendBlock, plan: StepPlan) -> BackendBlock:
        """Let a step's engine reach a state as the run does."""
        if not self.credentials:
            return block
        return self.action.tools.logins.keep_for_state(block, plan.workspace, self.credentials)

    def find_own_state(self, plan: StepPlan) -> OwnState | None:
        """Return where a step's program keeps a state of its own; None for one that does not."""
        if not isinstance(plan.recipe.program, PulumiProject):
            return None
        attempt, recipe = self.action.attempt, self.action.recipe
        entity = attempt.begin.ref
        return OwnState(
            entity.id,
            self.reach(self.action.places.backend.block(own_key(entity.stamp, plan.name)), plan),
            self.action.tools.choose_lock_timeout(recipe),
            attempt.is_lost,
        )

    def tell_outputs(self) -> JsonObject:
        """Return the outputs of the steps so far, as `steps.database.endpoint`."""
        return {
            step: {name: each.value for name, each in outputs.items()}
            for step, outputs in self.outputs.items()
        }
