"""Where the states of a harness are, seen past the run: text and lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject, JsonValue


class StatePlace(Protocol):
    """One place for states."""

    def text(self, entity: str) -> str | None:
        """Return an entity's state as it is kept; None when there is none."""

    def locked(self, entity: str) -> bool:
        """Tell whether a lock is held."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A backend of type `local`."""

    folder: Path

    def text(self, entity: str) -> str | None:
        """Read the file; an empty one is the engine's placeholder."""
        files = sorted((self.folder / "services" / entity).glob("*.tfstate"))
        return (files[0].read_text(encoding="utf-8") or None) if files else None

    def locked(self, entity: str) -> bool:
        """Ask the system: the lock ends with its process."""
        from purveyor.backends.local import find_holder

        files = sorted((self.folder / "services" / entity).glob("*.tfstate"))
        return bool(files) and find_holder(files[0]) is not None


def read_resources(text: str | None) -> dict[str, bool]:
    """Return the names of a state's resources, each with whether it is tainted.

    A resource of a `ResourceLog` goes by the name of the thing that it stands for. A state that
    ends in its middle has none.
    """
    try:
        document = json_text.parse(text, max_depth=256) if text else {}
    except json_text.JsonTextError:
        document = {}
    resources = document.get("resources") if isinstance(document, dict) else None
    found: dict[str, bool] = {}
    for each in resources if isinstance(resources, list) else ():
        instances = each.get("instances") if isinstance(each, dict) else None
        if isinstance(each, dict) and isinstance(instances, list) and instances:
            for one in instances:
                if isinstance(one, dict) and not one.get("deposed"):
                    name = _thing(one) or str(each.get("name"))
                    found[name] = found.get(name, False) or one.get("status") == "tainted"
    return found


def _thing(instance: JsonObject) -> str:
    found: JsonValue = instance
    for name in ("attributes", "input", "value", "thing"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
