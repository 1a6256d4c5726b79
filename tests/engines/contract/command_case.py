"""The thing in two parts, made by a program of a platform team's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from contract_fixtures import EngineCase

from purveyor.engines.command import CommandEngine
from purveyor.program import CommandLine
from purveyor.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.json_text import JsonObject
    from purveyor.step import Engine

PROGRAM = """
import json, os, pathlib, sys, time

given = json.load(sys.stdin)
asked, deletes = given["variables"], given["action"]["operation"] == "delete"
place, changes = pathlib.Path(asked["place"]), []
for name in ("second", "first") if deletes else ("first", "second"):
    part = place / name
    there = part.read_text() if part.exists() else None
    wanted = None if deletes else asked["text"]
    if there == wanted:
        continue
    verb = "delete" if deletes else "update" if there else "create"
    changes.append({"address": name, "verb": verb})
    if sys.argv[1:] == ["plan"]:
        continue
    if name == "second" and asked["mode"] == "fail":
        sys.exit(f"first is made; second is refused ({asked['password']})")
    if name == "second" and asked["mode"] == "slow":
        (place / "halfway").touch()
        time.sleep(60)
    part.unlink() if deletes else part.write_text(wanted)
    print(name, verb, flush=True)
result = {"changes": changes}
if not deletes:
    token = "c4nary-m4de-" + asked["password"][::-1]
    result |= {"text": asked["text"], "token": token}
pathlib.Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))
"""


class CommandCase(EngineCase):
    def prepare(self) -> None:
        (self.folder / "thing.py").write_text(PROGRAM)

    def open(self) -> Engine:
        words = (sys.executable, "thing.py")
        command = CommandLine(
            words,
            self.folder,
            undo=words,
            plan=(*words, "plan"),
            needs_result=False,
            public=frozenset({"text"}),
        )
        return CommandEngine(command, self.redactor)

    def step(self, operation: Operation, variables: JsonObject, workspace: Path) -> Step:
        return Step(
            operation=operation,
            workspace=workspace,
            module=self.folder,
            variables={"variables": variables, "action": {"operation": operation.value}},
            environment=self.environment,
            interruption=self.interruption,
        )

    def made(self) -> dict[str, str]:
        parts = (self.place / name for name in ("first", "second"))
        return {each.name: each.read_text() for each in parts if each.exists()}
