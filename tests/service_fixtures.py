"""A service whose module and specification a test writes itself, and the gate after each change."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import Pipeline
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline import Finished
    from purveyor.json_text import JsonObject, JsonValue

_CHANGES = frozenset({"create", "update", "delete"})
CATALOG = "version: 1\nbackend: {type: local}\n"


def attribute(type_: str, *editable: str, **more: JsonValue) -> JsonObject:
    """A property that everybody sees; `editable` names the operations that may set it."""
    words: list[JsonValue] = list(editable)
    seen: list[JsonValue] = ["create", "read", "update"]
    return {"type": type_, "editableOn": words, "visibleOn": seen, **more}


@dataclass
class OwnService:
    """One service `thing` of a catalog of its own, on an emulator of its own."""

    pipeline: Pipeline
    emulator: Emulator
    id: str

    def create(self, **parameters: JsonValue) -> Finished:
        """Create it, then hold the gate."""
        return self._change("create", parameters)

    def update(self, **parameters: JsonValue) -> Finished:
        """Update it, then hold the gate."""
        return self._change("update", parameters)

    def run(self, action: str, **parameters: JsonValue) -> Finished:
        """Run an action, whatever comes out."""
        return self.pipeline.run(self.emulator.request_action(self.id, action, parameters))

    def attributes(self) -> Mapping[str, JsonValue]:
        """What the platform shows."""
        found = self.emulator.entity("service", self.id)["attributes"]
        assert isinstance(found, dict)
        return found

    def _change(self, action: str, parameters: JsonObject) -> Finished:
        done = self.run(action, **parameters)
        assert done.code == 0, done.stderr
        hold_gate(self.pipeline, self.id)
        return done


def hold_gate(pipeline: Pipeline, entity: str) -> None:
    """Whatever was done, an update that asks for nothing changes nothing."""
    assert pipeline.emulator is not None
    done = pipeline.run(pipeline.emulator.request_action(entity, "update", {}))
    assert (done.code, done.outcome.get("changes")) == (0, []), done.stdout + done.stderr


def active_entities(emulator: Emulator) -> list[str]:
    """The services and links whose last create or update was a success."""
    found: list[str] = []
    services: Any = emulator.view()["services"]
    for entity in [each for service in services for each in (service, *service["links"])]:
        changes = [each for each in entity["actions"] if each["type"] in _CHANGES]
        if entity["status"] == "active" and changes and changes[-1]["status"] == "success":
            found.append(entity["id"])
    return found


@contextlib.contextmanager
def own_service(
    folder: Path,
    environment: Mapping[str, str],
    module: str,
    properties: JsonObject,
    *,
    catalog: str = CATALOG,
) -> Iterator[OwnService]:
    """Make the catalog with one module, the platform with one specification, and the service."""
    here = folder / "modules/thing"
    here.mkdir(parents=True)
    (here / "main.tf").write_text(module)
    (folder / "purveyor.yaml").write_text(catalog)
    schema: JsonObject = {"type": "object", "properties": properties}
    seed: JsonObject = {"specifications": [{"slug": "thing", "attributes": schema}]}
    with Emulator.running(seed=seed) as emulator:
        service = str(emulator.create_service("thing", name="news")["id"])
        yield OwnService(Pipeline(folder, environment, emulator), emulator, service)
