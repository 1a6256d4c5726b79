"""A catalog, an environment and the emulator: actions are started, broken and followed up."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_faultkit.places import read_resources
from purveyor_faultkit.sight import NextRun, Sight
from purveyor_faultkit.started import Ended, Started

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator import Emulator
    from purveyor_faultkit.ledger import Ledger
    from purveyor_faultkit.places import StatePlace


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that the platform asked for; `context` is the file with its notification."""

    entity: str
    id: str
    context: Path
    parameters: Mapping[str, JsonValue]
    action: str = "create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Runs actions of one emulator with one catalog; commands get `environment` and no more.

    `before` are words before each command, such as a shell that closes its outputs.
    """

    catalog: Path
    environment: Mapping[str, str]
    emulator: Emulator
    place: StatePlace
    ledger: Ledger
    folder: Path
    before: tuple[str, ...] = ()

    @classmethod
    @contextlib.contextmanager
    def running(
        cls,
        catalog: Path,
        environment: Mapping[str, str],
        *,
        place: StatePlace,
        ledger: Ledger,
        seed: JsonObject | None = None,
    ) -> Iterator[Rig]:
        """Run an emulator while the block runs."""
        from purveyor_emulator import Emulator

        with (
            Emulator.running(seed=seed) as emulator,
            tempfile.TemporaryDirectory(prefix="purveyor-rig-") as folder,
        ):
            yield cls(
                catalog=catalog,
                environment=environment,
                emulator=emulator,
                place=place,
                ledger=ledger,
                folder=Path(folder),
            )

    def ask(
        self,
        specification: str,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        action: str = "create",
        entity: str = "",
    ) -> Asked:
        """Press a button on the platform: for a new service, or for the one named by `entity`."""
        entity = entity or str(self.emulator.create_service(specification)["id"])
        notification = self.emulator.request_action(entity, action, parameters)
        inner = notification["notification"]
        assert isinstance(inner, dict)  # noqa: S101 - the emulator's own envelope
        path = self.folder / f"{inner['id']}.json"
        path.write_text(json_text.write(notification), encoding="utf-8")
        return Asked(entity, str(inner["id"]), path, parameters or {}, action)

    def start(self, asked: Asked, *arguments: str, **environ: str) -> Started:
        """Start `purveyor run` for it."""
        return self._start("run", "--json", "--context", str(asked.context), *arguments, **environ)

    def run(self, asked: Asked, *arguments: str, **environ: str) -> Ended:
        """Run it to its end."""
        return self.start(asked, *arguments, **environ).end()

    def finish(self, asked: Asked, **environ: str) -> Ended | None:
        """Run `purveyor finish` as a template's last step does; None where there is none."""
        return _unless_unknown(
            self._start("finish", "--context", str(asked.context), **environ).end()
        )

    def sweep(self, *arguments: str, **environ: str) -> Ended | None:
        """Run `purveyor sweep`, as a scheduled job does; None where there is none.

        Every run counts as silent for long enough, unless PURVEYOR_DEAD_AFTER says otherwise.
        """
        environ = {"PURVEYOR_DEAD_AFTER": "0", **environ}
        return _unless_unknown(self._start("sweep", *arguments, **environ).end())

    def settle(self, asked: Asked, reason: str = "looked", **environ: str) -> Ended:
        """Run `purveyor state settle` for its service, as somebody does who has looked."""
        target = f"service/{asked.entity}"
        return self._start("state", "settle", target, "--reason", reason, **environ).end()

    def look(self, asked: Asked) -> Sight:
        """See what is there now."""
        shown = self.emulator.action(asked.id)
        return Sight(
            status=str(shown["status"]),
            messages=json_text.write(shown.get("messages")),
            locked=self.place.locked(asked.entity),
            state=read_resources(self.place.text(asked.entity)),
            exists=self.ledger.existing(),
        )

    def follow(
        self, asked: Asked, *, was: Sight, action: str = "", replaced: Collection[str] = ()
    ) -> NextRun:
        """Let a user press the button again, and see how that goes.

        What is deleted has no buttons any more: then only what is there is looked at.
        """
        self.ledger.open()
        code, reason, unsettled = 0, "", ""
        if not self._is_deleted(asked):
            again = self.ask(
                "", asked.parameters, action=action or asked.action, entity=asked.entity
            )
            ended = self.run(again, "--lock-timeout", "1")
            code, reason = ended.code, ended.reason
            if code == 0 and not self._is_deleted(asked):
                unsettled = self.find_unsettled(asked)
        tainted = {name for name, is_tainted in was.state.items() if is_tainted}
        return NextRun(
            code=code,
            reason=reason,
            doubled=tuple(self.ledger.doubled(replaced=tainted | set(replaced))),
            state=tuple(read_resources(self.place.text(asked.entity))),
            exists=self.ledger.existing(),
            torn=tuple(self.ledger.torn_down()),
            locked=self.place.locked(asked.entity),
            unsettled=unsettled,
        )

    def find_unsettled(self, asked: Asked) -> str:
        """Say what an update that asks for nothing changes: after any success it is nothing."""
        ended = self.run(self.ask("", {}, action="update", entity=asked.entity))
        changes = ended.outcome.get("changes") if ended.code == 0 else ended.reason
        return "" if changes == [] else json_text.write(changes)

    def _is_deleted(self, asked: Asked) -> bool:
        return self.emulator.entity("service", asked.entity)["status"] == "deleted"

    def _start(self, *arguments: str, **environ: str) -> Started:
        everything = {**self.environment, **self.emulator.environment(), **environ}
        argv = [*self.before, sys.executable, "-m", "purveyor", *arguments]
        return Started(argv, self.catalog, everything)


def _unless_unknown(ended: Ended) -> Ended | None:
    return None if "No such command" in ended.stderr else ended
