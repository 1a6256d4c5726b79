"""A store and a platform as the release before the redesign has left them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from purveyor import json_text
from purveyor_emulator.records import ActionStatus, EmulatedAction, EntityStatus
from warm_commands import run_command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - the type of a command's end

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

KEPT = Path(__file__).with_name("kept.json")


@dataclass(slots=True)
class MadeBefore:
    """What was kept, unpacked; `ids` by the names that README.md lists."""

    pipeline: Pipeline
    emulator: Emulator
    ids: dict[str, str]
    actions: dict[str, Any]

    @property
    def states(self) -> Path:
        return self.pipeline.catalog / ".purveyor/state"

    def ask(self, what: str, action: str, **parameters: Any) -> JsonObject:
        """Press a button now."""
        return self.emulator.request_action(self.ids[what], action, parameters)

    def status(self, what: str) -> object:
        """Return how the platform shows an action of then."""
        return self.emulator.action(str(self.actions[what]["id"]))["status"]

    def command(
        self, *words: str, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run another command of today's."""
        env = {**self.pipeline.environment, **self.emulator.environment(), **environ}
        return run_command(*words, cwd=self.pipeline.catalog, env=env, stdin=stdin)


def unpack(pipeline: Pipeline, emulator: Emulator) -> MadeBefore:
    """Write the texts to where a local backend and a cache have them; tell the platform."""
    kept: Any = json_text.parse(KEPT.read_text(encoding="utf-8"))
    cache = Path(pipeline.environment["PURVEYOR_CACHE"])
    for name, text in kept["files"].items():
        kind, _, rest = name.partition("/")
        path = (cache / "runs" if kind == "runs" else pipeline.catalog / ".purveyor/state") / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    ids = {each["what"]: each["id"] for each in kept["entities"]}
    for each in kept["entities"]:
        # A secret is shown as null.
        shown = {name: value for name, value in each["attributes"].items() if value is not None}
        fields = {"id": each["id"], "name": each["name"], "attributes": shown}
        if each["kind"] == "link":
            emulator.create_link(each["service_id"], each["specification_id"], **fields)
        else:
            emulator.create_service(each["specification_id"], **fields)
    for each in kept["actions"]:
        _show_action(emulator, ids[each["entity"]], each)
    store = emulator.platform.store
    for each in kept["entities"]:
        store.any_entity(each["id"]).status = EntityStatus(each["status"])
    return MadeBefore(pipeline, emulator, ids, {each["what"]: each for each in kept["actions"]})


def _show_action(emulator: Emulator, entity: str, kept: Any) -> None:
    """Let the platform have an action of then, by its id."""
    store, inner = emulator.platform.store, kept["notification"]["notification"]
    owner = store.any_entity(entity)
    store.actions[kept["id"]] = EmulatedAction(
        id=kept["id"],
        name=inner["name"],
        slug=inner["slug"],
        specification=store.action_specification(owner, inner["specification"]["id"]),
        entity=owner,
        parameters=inner["parameters"],
        before=EntityStatus.PENDING,
        status=ActionStatus(kept["status"]),
    )
