"""One action's sequence in memory: a platform, a journal, and engines that a test gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from memory_fixtures import MemoryStore, make_run
from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.attempt import Places
from purveyor.backends import open_backend
from purveyor.catalog.backend import LocalBackendConfig
from purveyor.catalog.recipe import Account, Recipe
from purveyor.errors import RecoveryError
from purveyor.process import Interruption
from purveyor.provision import Ending, Provisioner, StepTools
from purveyor.redaction import Redactor
from purveyor.reporter import ActionSnapshot, Reported
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.catalog import StepRecipe
    from purveyor.outcome import Outcome


THING = Specification("sp-1", "thing")
ACTION = ActionContext(
    id="a-1",
    operation=Operation.ARCHIVE,
    service=Entity(Kind.SERVICE, "s-1", "news", THING),
    digest="d",
)


@dataclass
class Platform:
    """What the platform shows, and what it was told."""

    status: str = "pending"
    hears: bool = True
    begun: int = 0
    told: list[Outcome] = field(default_factory=list)

    def read_snapshot(self, _context: ActionContext) -> ActionSnapshot:
        return ActionSnapshot(self.status, {}, None, asked=True)

    def read_links(self, _context: ActionContext) -> None:
        """Know of none."""

    def say(self, _context: ActionContext, _level: str, _text: str) -> None:
        """Hear it."""

    def begin(self, _context: ActionContext, *, run_url: str) -> None:
        self.begun += bool(run_url)

    def end(self, _context: ActionContext, outcome: Outcome) -> Reported:
        self.told.append(outcome)
        return Reported(delivered=self.hears)


class FailingStore(MemoryStore):
    """Takes no end."""

    def create(self, path: str, text: str) -> bool:
        if path.endswith("end.json"):
            raise RecoveryError("The store is away.", hint="Wait.")
        return super().create(path, text)


@dataclass
class House:
    """A catalog of some steps, a journal in memory, and no state."""

    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    platform: Platform = field(default_factory=Platform)
    interruption: Interruption = field(default_factory=Interruption)
    refusal: BaseException | None = None
    steps: tuple[StepRecipe, ...] = ()
    engine: Any = None
    keeps: bool = True  # whether there is a journal
    keep_secrets: bool = True

    def run(
        self, operation: Operation = Operation.ARCHIVE, *, action: str = "a-1", **more: Any
    ) -> Ending:
        logins: Any = SimpleNamespace(stop=lambda: None, assume=lambda *_: {}, renew=lambda: None)
        provisioner = Provisioner(
            resolve=self.resolve,
            outline=lambda _: self.recipe,
            reporter=cast("Any", self.platform),
            open_places=self.open_places,
            run=make_run(self.store),
            tools=StepTools(
                open_engine=lambda _: self.engine,
                logins=logins,
                environment={},
                redactor=Redactor(),
                listen=lambda _: None,
                interruption=self.interruption,
                choose_lock_timeout=lambda _: 0.0,
            ),
        )
        return provisioner.provision(replace(ACTION, id=action, operation=operation, **more))

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            self.folder,
            LocalBackendConfig(type="local"),
            Account(),
            self.steps,
            keep_secrets=self.keep_secrets,
        )

    def resolve(self, _context: ActionContext) -> Recipe:
        if self.refusal is not None:
            raise self.refusal
        return self.recipe

    def open_places(self, recipe: Recipe) -> Places:
        return Places(
            backend=open_backend(recipe.backend, root=recipe.root, settings=Settings({})),
            store=self.store if self.keeps else None,
            journal=self.store.journal() if self.keeps else None,
            open_recovery=lambda *_: cast("Any", SimpleNamespace(waiting=tuple)),
        )

    def open(self) -> list[str]:
        return list(self.store.journal().open_actions())
