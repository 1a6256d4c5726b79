"""An emulated platform with one requested action, and a reporter that is quick to lose policy."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.client import Credentials, PlatformClient, RetryPolicy
from purveyor.errors import ReasonCode
from purveyor.notification import ContextSource, parse_notification, read_action
from purveyor.outcome import Outcome, Status
from purveyor.redaction import Redactor
from purveyor.reporter import PlatformReporter, ReportTimeouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.action import ActionContext
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator import Emulator


def _timeouts(total: float) -> ReportTimeouts:
    each = RetryPolicy(total=total, first_wait=0.02, longest_wait=0.05, connect=2.0, read=5.0)
    return ReportTimeouts(
        query=each,
        start=each,
        message=each,
        attributes=each,
        end=each,
        check=each,
        batch=60.0,
    )


# For trouble that passes: quick to try again, and patient enough for a busy machine.
BRISK = _timeouts(10.0)
# For trouble that stays.
HASTY = _timeouts(0.3)


@dataclass
class Stage:
    """One action on one emulator."""

    emulator: Emulator
    context: ActionContext
    redactor: Redactor = field(default_factory=Redactor)

    @contextlib.contextmanager
    def client(self) -> Iterator[PlatformClient]:
        credentials = Credentials(api_key=self.emulator.api_key)
        client = PlatformClient(self.emulator.url, credentials, redactor=self.redactor)
        with contextlib.closing(client):
            yield client

    @contextlib.contextmanager
    def reporter(self, timeouts: ReportTimeouts = BRISK) -> Iterator[PlatformReporter]:
        with self.client() as client:
            yield PlatformReporter(client, self.redactor, timeouts=timeouts)

    def action(self) -> JsonObject:
        return self.emulator.action(self.context.id)

    def texts(self) -> list[str]:
        messages = self.action()["messages"]
        assert isinstance(messages, list)
        return [str(each["message"]) for each in messages if isinstance(each, dict)]

    def attributes(self) -> Mapping[str, JsonValue]:
        entity = self.context.entity
        found = self.emulator.entity(entity.kind, entity.id)["attributes"]
        assert isinstance(found, dict)
        return found

    def secret(self, name: str) -> JsonValue:
        entity = self.context.entity
        return self.emulator.secret(entity.kind, entity.id, name)

    def sent(self, method: str = "") -> list[str]:
        """What came in since the stage was set, logins left out: `METHOD path-without-ids`."""
        return [
            f"{each['method']} /{'/'.join(str(each['path']).split('/')[1::2])}"
            for each in self.emulator.requests(method=method)
            if each["path"] != "/token"
        ]


def set_stage(
    emulator: Emulator,
    action: str = "create",
    *,
    specification: str = "mysql-database",
    attributes: JsonObject | None = None,
    parameters: JsonObject | None = None,
) -> Stage:
    """Create a service, request an action of it, and read its notification."""
    if parameters is None:
        parameters = {"database_name": "orders"} if action == "create" else {}
    service = emulator.create_service(specification, attributes=attributes or {})
    envelope = emulator.request_action(str(service["id"]), action, parameters)
    emulator.platform.recorder.clear()
    return Stage(emulator, read(envelope))


def set_link_stage(emulator: Emulator, action: str = "create") -> Stage:
    """Create a service and a link to it, request an action of the link."""
    service = emulator.create_service("mysql-database", attributes={"storage_gb": 20})
    link = emulator.create_link(str(service["id"]), attributes={"username": "app"})
    parameters: JsonObject = {"username": "app"} if action == "create" else {}
    envelope = emulator.request_action(str(link["id"]), action, parameters)
    emulator.platform.recorder.clear()
    return Stage(emulator, read(envelope))


def read(envelope: JsonObject) -> ActionContext:
    return read_action(parse_notification(ContextSource(json_text.write(envelope), "the emulator")))


def worked(
    results: JsonObject | None = None, secrets: JsonObject | None = None, **more: str
) -> Outcome:
    return Outcome(
        Status.SUCCESS,
        ReasonCode.DONE,
        0,
        "Created service orders: 3 created.",
        results=results or {},
        secrets=secrets or {},
        run_url=more.get("run_url", ""),
    )


def broke(*details: str, message: str = "The quota of databases is used up.") -> Outcome:
    return Outcome(
        Status.FAILED,
        ReasonCode.PARAMETER_INVALID,
        15,
        message,
        next_step="Ask for a higher quota.",
        details=details,
        run_url="https://ci.example/runs/7",
    )
