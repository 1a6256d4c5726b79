"""Actions that no run took, asked for at the emulator, and sweeps that search for them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from purveyor.journal import Begin
from purveyor.redaction import Redactor
from purveyor.reporter import open_pending_actions
from purveyor.reporter.pending_actions import UNFINISHED
from purveyor.run_identity import SWEEP, RunIdentity
from purveyor.sweep import Search
from purveyor_emulator.records import ActionStatus

if TYPE_CHECKING:
    from sweep_fixtures import Stage

    from purveyor.sweep import Swept, SweptAction

NRN = "organization=4001:account=4002"
TWO_HOURS = 7200.0
GONE = "RUN_NOT_STARTED"
DATABASE: Any = {"database_name": "orders"}


def make_search(stage: Stage, **changes: object) -> Search:
    """Return a search at the emulator's account."""
    found = Search(
        open_pending_actions=lambda: open_pending_actions(stage.settings, Redactor(())),
        places=(NRN,),
        after=TWO_HOURS,
        statuses=UNFINISHED,
        serves=lambda service, link: (service, link) in SERVED,
        identity=RunIdentity(SWEEP, url="https://ci/sweep", host="sweeper"),
    )
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]  # named fields


SERVED = {("mysql-database", ""), ("mysql-database", "database-user")}


def sweep(stage: Stage, *, dry_run: bool = False, **changes: object) -> Swept:
    """Sweep with a search."""
    return stage.sweep(search=make_search(stage, **changes), dry_run=dry_run)


def ask(
    stage: Stage, specification: str = "mysql-database", *, ago: float = 3 * 3600 + 60
) -> tuple[str, str]:
    """Ask for a service some seconds ago; return the ids of the action and of the service."""
    service = str(stage.emulator.create_service(specification, name="orders-db")["id"])
    parameters = DATABASE if specification == "mysql-database" else {"queue_name": "orders"}
    return request(stage, service, "create", parameters, ago=ago), service


def request(
    stage: Stage, entity: str, action: str, parameters: Any = None, *, ago: float = 3 * 3600
) -> str:
    """Ask for an action some seconds ago; return its id."""
    inner = stage.emulator.request_action(entity, action, parameters)["notification"]
    assert isinstance(inner, dict)
    stage.emulator.age_action(str(inner["id"]), ago)
    return str(inner["id"])


def status(stage: Stage, action: str) -> object:
    """Return what the platform shows."""
    return stage.emulator.action(action)["status"]


def told_of(swept: Swept, action: str) -> SweptAction | None:
    """Return what a sweep says of an action."""
    return next((each for each in swept.actions if each.action == action), None)


def run_of(stage: Stage, action: str, service: str) -> Begin:
    """Return the begin with which a run would claim it."""
    shown = stage.emulator.action(action)
    identity = RunIdentity("github", run="200", project="acme/infra", host="runner-8")
    return Begin(
        action, 1, "digest", "service", service, service, str(shown["type"]), "", identity, 0.0
    )


def status_word(text: str) -> ActionStatus:
    """Return the platform's word for an action."""
    return ActionStatus(text)


def path_of(stage: Stage, action: str) -> str:
    """Return where the action is reported on."""
    return f"/service/{stage.emulator.action(action)['service_id']}/action/{action}"


def cancel_others(stage: Stage) -> None:
    """End what other tests have left on the platform, which they share."""
    for each in list(stage.emulator.platform.store.actions.values()):
        if not each.status.final:
            stage.emulator.cancel_action(each.id)
