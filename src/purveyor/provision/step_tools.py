"""What steps are carried out with, beside the places where their states lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe, StepRecipe
    from purveyor.catalog.recipe import Account
    from purveyor.outcome import Outcome
    from purveyor.process import Interruption
    from purveyor.redaction import Redactor
    from purveyor.step import BackendBlock, Engine, Listen


class AccountLogins(Protocol):
    """Takes and keeps the logins of one run."""

    def assume(
        self, account: Account, context: ActionContext, folder: Path, seconds: float | None
    ) -> Mapping[str, str]:
        """Return an account's credentials as variables; files may be left in the private `folder`.

        `seconds` is how long they have to last, None when nobody knows.
        """

    def keep_for_state(
        self, block: BackendBlock, folder: Path, given: Mapping[str, str]
    ) -> BackendBlock:
        """Let the state be reached without them."""

    def renew(self) -> None:
        """Get fresh credentials into the files that `assume` has left."""

    def stop(self) -> None:
        """Write nothing to them from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTools:
    """Engines, logins, and who listens."""

    open_engine: Callable[[StepRecipe], Engine]
    logins: AccountLogins
    environment: Mapping[str, str]  # what engines and programs may see
    redactor: Redactor
    listen: Listen
    interruption: Interruption
    choose_lock_timeout: Callable[[Recipe], float]  # in seconds
    end: Callable[[Outcome], object] = lambda _outcome: None  # hears how an action of ours ended
