"""A catalog, an environment and the emulator: actions are started, broken and followed up."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_faultkit.observation import NextRun, Observation
from purveyor_faultkit.places import read_resources
from purveyor_faultkit.started import EndedCommand, StartedCommand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator import Emulator
    from purveyor_faultkit.places import StatePlace
    from purveyor_faultkit.resource_log import ResourceLog


@dataclass(frozen=True, slots=True)
class RequestedAction:
    """An action that the platform asked for; `context` is the file with its notification."""

    entity: str
    id: str
    context: Path
    parameters: Mapping[str, JsonValue]
    action: str = "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """Runs actions of one emulator with one catalog; commands get `environment` and no more.

    `before` are words before each command, such as a shell that closes its outputs. `call` runs
    a command's words in a folder and an environment to its end, for commands that nobody breaks;
    without it, each gets an interpreter of its own.
    """

    catalog: Path
    environment: Mapping[str, str]
    emulator: Emulator
    place: StatePlace
    resource_log: ResourceLog
    folder: Path
    before: tuple[str, ...] = ()
    call: Callable[[Sequence[str], Path, Mapping[str, str]], EndedCommand] | None = None

    @classmethod
    @contextlib.contextmanager
    def running(
        cls,
        catalog: Path,
        environment: Mapping[str, str],
        *,
        place: StatePlace,
        resource_log: ResourceLog,
        seed: JsonObject | None = None,
        call: Callable[[Sequence[str], Path, Mapping[str, str]], EndedCommand] | None = None,
    ) -> Iterator[Harness]:
        """Run an emulator while the block runs."""
        from purveyor_emulator import Emulator

        with (
            Emulator.running(seed=seed) as emulator,
            tempfile.TemporaryDirectory(prefix="purveyor-harness-") as folder,
        ):
            yield cls(
                catalog=catalog,
                environment=environment,
                emulator=emulator,
                place=place,
                resource_log=resource_log,
                folder=Path(folder),
                call=call,
            )

    def request_action(
        self,
        specification: str,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        action: str = "create",
        entity: str = "",
    ) -> RequestedAction:
        """Press a button on the platform: for a new service, or for the one named by `entity`."""
        entity = entity or str(self.emulator.create_service(specification)["id"])
        notification = self.emulator.request_action(entity, action, parameters)
        inner = notification["notification"]
        assert isinstance(inner, dict)  # noqa: S101 - the emulator's own envelope
        path = self.folder / f"{inner['id']}.json"
        path.write_text(json_text.write(notification), encoding="utf-8")
        return RequestedAction(entity, str(inner["id"]), path, parameters or {}, action)

    def start(self, requested: RequestedAction, *arguments: str, **environ: str) -> StartedCommand:
        """Start `purveyor run` for it."""
        return self._start(
            "run", "--json", "--context", str(requested.context), *arguments, **environ
        )

    def run(self, requested: RequestedAction, *arguments: str, **environ: str) -> EndedCommand:
        """Run it to its end."""
        words = ("run", "--json", "--context", str(requested.context), *arguments)
        return self._end(*words, **environ)

    def finish(self, requested: RequestedAction, **environ: str) -> EndedCommand | None:
        """Run `purveyor finish` as a template's last step does; None where there is none."""
        return _unless_unknown(self._end("finish", "--context", str(requested.context), **environ))

    def sweep(self, *arguments: str, **environ: str) -> EndedCommand | None:
        """Run `purveyor sweep`, as a scheduled job does; None where there is none.

        Every run counts as silent for long enough, unless PURVEYOR_DEAD_AFTER says otherwise.
        """
        environ = {"PURVEYOR_DEAD_AFTER": "0", **environ}
        return _unless_unknown(self._end("sweep", *arguments, **environ))

    def settle(
        self, requested: RequestedAction, reason: str = "looked", **environ: str
    ) -> EndedCommand:
        """Run `purveyor state settle` for its service, as somebody does who has looked."""
        target = f"service/{requested.entity}"
        return self._end("state", "settle", target, "--reason", reason, **environ)

    def observe(self, requested: RequestedAction) -> Observation:
        """See what is there now."""
        shown = self.emulator.action(requested.id)
        return Observation(
            status=str(shown["status"]),
            messages=json_text.write(shown.get("messages")),
            locked=self.place.locked(requested.entity),
            state=read_resources(self.place.text(requested.entity)),
            exists=self.resource_log.existing(),
        )

    def run_again(
        self,
        requested: RequestedAction,
        *,
        was: Observation,
        action: str = "",
        replaced: Collection[str] = (),
    ) -> NextRun:
        """Let a user press the button again, and see how that goes.

        What is deleted has no buttons any more: then only what is there is looked at.
        """
        self.resource_log.open()
        code, reason, unsettled = 0, "", ""
        if not self._is_deleted(requested):
            again = self.request_action(
                "", requested.parameters, action=action or requested.action, entity=requested.entity
            )
            ended = self.run(again, "--lock-timeout", "1")
            code, reason = ended.code, ended.reason
            if code == 0 and not self._is_deleted(requested):
                unsettled = self.find_unsettled(requested)
        tainted = {name for name, is_tainted in was.state.items() if is_tainted}
        return NextRun(
            code=code,
            reason=reason,
            doubled=tuple(self.resource_log.doubled(replaced=tainted | set(replaced))),
            state=tuple(read_resources(self.place.text(requested.entity))),
            exists=self.resource_log.existing(),
            torn=tuple(self.resource_log.torn_down()),
            locked=self.place.locked(requested.entity),
            unsettled=unsettled,
        )

    def find_unsettled(self, requested: RequestedAction) -> str:
        """Say what an update that asks for nothing changes: after any success it is nothing."""
        ended = self.run(self.request_action("", {}, action="update", entity=requested.entity))
        changes = ended.outcome.get("changes") if ended.code == 0 else ended.reason
        return "" if changes == [] else json_text.write(changes)

    def _is_deleted(self, requested: RequestedAction) -> bool:
        return self.emulator.entity("service", requested.entity)["status"] == "deleted"

    def _end(self, *arguments: str, **environ: str) -> EndedCommand:
        if self.call is None or self.before:
            return self._start(*arguments, **environ).end()
        return self.call(arguments, self.catalog, self._surroundings(environ))

    def _surroundings(self, environ: Mapping[str, str]) -> dict[str, str]:
        return {**self.environment, **self.emulator.environment(), **environ}

    def _start(self, *arguments: str, **environ: str) -> StartedCommand:
        everything = self._surroundings(environ)
        argv = [*self.before, sys.executable, "-m", "purveyor", *arguments]
        return StartedCommand(argv, self.catalog, everything)


def _unless_unknown(ended: EndedCommand) -> EndedCommand | None:
    return None if "No such command" in ended.stderr else ended
