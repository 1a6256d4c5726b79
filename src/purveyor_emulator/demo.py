"""The whole life of a database and its user, on this machine: `purveyor demo`.

Starts the platform emulator, presses its buttons, and hands each notification to `purveyor run`
as a pipeline would.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from purveyor import json_text
from purveyor.process import Command, run
from purveyor.settings import read_settings
from purveyor_emulator.running import Emulator

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

# In a checkout the examples' own; a package has a copy.
CATALOG = next(
    each
    for each in (
        Path(__file__).with_name("demo_catalog"),
        Path(__file__).parents[2] / "examples" / "catalog",
    )
    if each.is_dir()
)
WIDTH = 128  # where no terminal says: wide enough for whole state keys


@dataclass(frozen=True, slots=True)
class Scene:
    """One press of a button: on which entity, which action, with what."""

    title: str
    kind: str
    action: str
    parameters: JsonObject
    expected: str


SCENES = (
    Scene(
        "Create a MySQL database",
        "service",
        "create",
        {
            "database_name": "orders",
            "storage_gb": 20,
            "engine_version": "8.0",
            "backups": {"enabled": True},
        },
        "success",
    ),
    Scene(
        "Link it to an application, with a user of its own",
        "link",
        "create",
        {"username": "checkout", "access": "write"},
        "success",
    ),
    Scene("Give it more storage", "service", "update", {"storage_gb": 40}, "success"),
    Scene("Ask for the credentials (custom action)", "link", "get-credentials", {}, "success"),
    Scene(
        "Ask for what cannot be: a bad parameter",
        "service",
        "update",
        {"engine_version": "5.7"},
        "failed",
    ),
    Scene(
        "Ask for what would destroy data: the guard says no",
        "service",
        "update",
        {"database_name": "orders_v2"},
        "failed",
    ),
    Scene("Delete the link", "link", "delete", {}, "success"),
    Scene("Delete the database", "service", "delete", {}, "success"),
)


class Demo:
    """Plays the scenes and keeps what the closing table needs."""

    def __init__(self, emulator: Emulator, folder: Path, console: Console) -> None:
        self.emulator = emulator
        self.states = folder / "catalog" / ".purveyor" / "state"
        self.folder = folder
        self.console = console
        self.entities: dict[str, str] = {}
        self.table = Table(box=None)
        for title in ("", "action", "status", "reason", "time", "state key"):
            self.table.add_column(title, no_wrap=True)
        self.surprises = 0

    def play(self, number: int, scene: Scene) -> None:
        """Press the button, run the pipeline, show what the platform shows."""
        self.console.print()
        self.console.print(Text(f"{number}  {scene.title}", style="bold cyan"))
        entity = self._entity(scene)
        envelope = self.emulator.request_action(entity, scene.action, scene.parameters)
        began = time.monotonic()
        code = self._pipeline(envelope)
        seconds = time.monotonic() - began
        self._close(number, scene, envelope, seconds=seconds, code=code)

    def _entity(self, scene: Scene) -> str:
        if scene.kind not in self.entities:
            made = (
                self.emulator.create_service("mysql-database", name="orders-db")
                if scene.kind == "service"
                else self.emulator.create_link(self.entities["service"], name="checkout")
            )
            self.entities[scene.kind] = str(made["id"])
        return self.entities[scene.kind]

    def _pipeline(self, envelope: JsonObject) -> int:
        context = self.folder / "context.json"
        context.write_text(json_text.write(envelope))
        environment = {**read_settings().for_children(), **self.emulator.environment()}
        environment.pop("GITHUB_ACTIONS", None)
        done = run(
            Command(
                argv=(sys.executable, "-m", "purveyor", "run", "--context", str(context)),
                cwd=self.folder / "catalog",
                environment={**environment, "FORCE_COLOR": "1"} if self._coloured else environment,
            ),
            on_line=lambda line: self.console.print(Text.from_ansi(f"   {line}")),
        )
        if done.stderr.strip():
            self.console.print(Text(done.stderr.strip(), style="dim"))
        return done.code

    @property
    def _coloured(self) -> bool:
        return self.console.is_terminal and not self.console.no_color

    def _close(
        self, number: int, scene: Scene, envelope: JsonObject, *, seconds: float, code: int
    ) -> None:
        inner = envelope["notification"]
        action = self.emulator.action(str(inner["id"])) if isinstance(inner, dict) else {}
        status = str(action.get("status"))
        messages = action.get("messages")
        shown = _told(messages)
        colour = "green" if status == "success" else "yellow"
        self.console.print(Text.assemble("   the platform shows: ", (status, colour), f"  {shown}"))
        if status != scene.expected:
            self.surprises += 1
        self.table.add_row(
            str(number),
            f"{scene.action} {scene.kind}",
            Text(status, style=colour),
            _reason(messages, code),
            f"{seconds:.1f} s",
            self._state_key(self.entities[scene.kind]),
        )

    def _state_key(self, entity: str) -> str:
        found = sorted(self.states.glob(f"*/{entity}/*.tfstate"))
        if not found:
            return "(removed)"
        whole = str(found[0].relative_to(self.states))
        # Each step shows the whole key; a narrow table shows how the id begins.
        return whole if self.console.width >= WIDTH else whole.replace(entity[8:], "…")


def _told(messages: JsonValue) -> str:
    """Return the first line of what the platform was told at the end; the start is told first."""
    told = messages[1] if isinstance(messages, list) and len(messages) > 1 else {}
    return str(told.get("message", "")).split("\n")[0] if isinstance(told, dict) else ""


def _reason(messages: JsonValue, code: int) -> str:
    """Find the reason code among the platform's messages; `exit N` when there is none."""
    from purveyor.errors import ReasonCode

    text = json_text.write(messages)
    named = [reason.value for reason in ReasonCode if reason.value in text]
    return named[-1] if named else ("DONE" if code == 0 else f"exit {code}")


def play_all() -> int:
    """Play all scenes; return how many of them the platform shows as it should not."""
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDTH)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="purveyor-demo-") as name,
        Emulator.running() as emulator,
    ):
        folder = Path(name)
        shutil.copytree(CATALOG, folder / "catalog")
        console.print(Text("Purveyor: one database, from create to delete", style="bold"))
        console.print(f"The platform's emulator listens on {emulator.url}; states lie in a folder.")
        demo = Demo(emulator, folder, console)
        for number, scene in enumerate(SCENES, start=1):
            demo.play(number, scene)
        console.print()
        console.print(demo.table)
        console.print(f"\n{len(SCENES)} actions in {time.monotonic() - began:.1f} s.")
    return demo.surprises
