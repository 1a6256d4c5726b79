"""What one action needs from outside; the command line fills it with real adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.action import ActionContext, Entity
    from purveyor.attempt import ThisRun
    from purveyor.backends import Backend
    from purveyor.catalog import Recipe
    from purveyor.catalog.recipe import Account, StepRecipe
    from purveyor.journal import Capsules, Journal
    from purveyor.process import Interruption
    from purveyor.redaction import Redactor
    from purveyor.reporter import Reporter
    from purveyor.step import BackendBlock, Engine, Listen, Recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside of one run.

    `assume` returns an account's credentials as variables, and may leave files in the run's private
    folder; the last it is told is how many seconds they have to last, None when nobody knows.
    `keep_for_state` lets the state be reached without them. `environment` is what engines
    and programs may see. Lock waits are in seconds. `open_journal` gives None where no store can
    keep one, and so does `open_capsules`. `outline` is what the catalog says of every entity, even
    a forgotten one. `renew_logins` gets fresh credentials into the files that `assume` has left;
    after `stop_logins` nothing is written to them.
    """

    resolve: Callable[[ActionContext], Recipe]
    reporter: Reporter
    open_backend: Callable[[Recipe], Backend]
    open_engine: Callable[[StepRecipe], Engine]
    assume: Callable[[Account, ActionContext, Path, float | None], Mapping[str, str]]
    keep_for_state: Callable[[BackendBlock, Path, Mapping[str, str]], BackendBlock]
    renew_logins: Callable[[], None]
    stop_logins: Callable[[], None]
    environment: Mapping[str, str]
    redactor: Redactor
    listen: Listen
    interruption: Interruption
    run: ThisRun
    open_journal: Callable[[Recipe], Journal | None]
    outline: Callable[[ActionContext], Recipe] | None = None
    open_capsules: Callable[[Recipe], Capsules | None] | None = None
    open_recovery: Callable[[Recipe, Entity, str, str], Recovery] | None = None
    run_url: str = ""
    lock_timeout: Callable[[], float] = lambda: 300.0
    lock_timeout_override: float | None = None

    def choose_lock_timeout(self, recipe: Recipe) -> float:
        """Return how long to wait for a lock, in seconds: command line, catalog, setting."""
        for each in (self.lock_timeout_override, recipe.lock_timeout):
            if each is not None:
                return each
        return self.lock_timeout()
