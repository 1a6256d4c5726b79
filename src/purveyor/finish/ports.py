"""What finishing an action needs from outside; the command line fills it with real adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext, Entity
    from purveyor.attempt.local_run import LocalRuns
    from purveyor.backends import Backend
    from purveyor.catalog import Recipe, StepRecipe
    from purveyor.journal import Journal
    from purveyor.process import Interruption
    from purveyor.reporter import Reporter
    from purveyor.run_identity import RunIdentity
    from purveyor.step import Engine, Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside of one ending.

    `wait` is how long to wait for what still works, in seconds; `clock` is for lengths,
    `wall_clock` tells seconds since 1970. `cancelled` is true when the CI says so of the job.
    """

    resolve: Callable[[ActionContext], Recipe]
    reporter: Reporter
    open_journal: Callable[[Recipe], Journal | None]
    open_backend: Callable[[Recipe], Backend]
    open_recovery: Callable[[Recipe, Entity, str], Recovery]
    open_engine: Callable[[StepRecipe], Engine]
    local_runs: LocalRuns
    identity: RunIdentity
    interruption: Interruption
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    say: Callable[[str], None]
    wait: float
    cancelled: bool = False
    run_url: str = ""
