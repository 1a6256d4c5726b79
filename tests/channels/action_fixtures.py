"""Actions of the emulated platform, and what runs have told of them and kept."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from journal_fixtures import make_begin
from purveyor.backends.stores.local import FolderStore
from purveyor.journal import End, Journal
from purveyor_emulator.actions import report_on

if TYPE_CHECKING:
    from channel_fixtures import Company


def press(company: Company, **fields: Any) -> str:
    """Ask for a queue, and return the action's id."""
    service = company.emulator.create_service(name="Orders", **fields)
    asked = {"queue_name": "orders"}
    envelope: Any = company.emulator.request_action(str(service["id"]), "create", asked)
    company.emulator.wait_for_deliveries()
    return str(envelope["notification"]["id"])


def report(company: Company, action: str, status: str, *said: str, **results: Any) -> None:
    """Tell the platform what a run would."""
    messages: Any = [{"level": "info", "message": each} for each in said]
    found = company.emulator.platform.store.actions[action]
    report_on(found, {"status": status, "messages": messages, "results": results})


def kept(company: Company) -> Journal:
    return Journal(FolderStore(company.catalog / ".purveyor/state"), time.time)


def begin(company: Company, action: str) -> Any:
    """Let the journal know a run of an action."""
    entity: str = company.emulator.platform.store.actions[action].entity.id
    begun = dataclasses.replace(make_begin(action=action, at=time.time()), entity=entity)
    begun = dataclasses.replace(begun, module="modules/sqs-queue", engine="OpenTofu 1.9.0")
    kept(company).claim(begun, is_dead=lambda _: False)
    return begun


def end(company: Company, action: str, reason: str = "QUOTA_EXCEEDED", code: int = 15) -> None:
    status = "success" if reason == "DONE" else "failed"
    told = End(time.time(), status, reason, code, "It ended.", next_step="Ask for a higher limit.")
    kept(company).end(begin(company, action), told)


def page(company: Company, action: str) -> Any:
    done = company.call("actions", "show", action, "--json", PURVEYOR_NRN=company.emulator.nrn)
    assert done.code == 0, done.err
    return done.document
