"""What Pulumi tells while it works on a stack, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.plan import Change, Verb
from purveyor.step import Noticed, Planned, ResourceMoved

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.step import Listen

STACK = "pulumi:pulumi:Stack"
# Operations and events: sdk/go/common/apitype/{updates,events}.go of Pulumi 3.
_VERBS = {
    "create": Verb.CREATE,
    "update": Verb.UPDATE,
    "delete": Verb.DELETE,
    "import": Verb.IMPORT,
    **dict.fromkeys(("replace", "create-replacement", "delete-replaced"), Verb.REPLACE),
}
_STAGES = {"resourcePreEvent": "started", "resOutputsEvent": "ended", "resOpFailedEvent": "failed"}
_LEVELS = {"error": "error", "warning": "warning", "info": "info", "info#err": "info"}
_LONGEST, _LAST_LINES = 500, 20


@dataclass(slots=True)
class StackEvents:
    """Listens to the JSON lines of `pulumi up`, `preview` and `destroy`."""

    listen: Listen
    previews: bool = False  # whether all that is told only would happen
    changed: dict[str, Change] = field(default_factory=dict)  # by address
    failures: dict[str, str] = field(default_factory=dict)  # by URN, empty for the whole
    errors: list[str] = field(default_factory=list)  # what the program wrote to its stderr

    def read(self, line: str) -> None:
        for kind, content in (json_text.parse_object(line) or {}).items():
            if isinstance(content, dict) and kind == "diagnosticEvent":
                self._hear(content)
            elif isinstance(content, dict) and kind in _STAGES:
                self._note(_STAGES[kind], child(content, "metadata"))

    def tell_failures(self) -> list[str]:
        """Return a line for each resource that failed; if none did, what else says why."""
        named = [f"{urn}: {text}" for urn, text in self.failures.items() if urn]
        return named or self.errors[-_LAST_LINES:] or list(self.failures.values())

    def _hear(self, told: JsonObject) -> None:
        level = _LEVELS.get(str(told.get("severity")), "")
        urn = str(told.get("urn") or "")
        text = " ".join(str(told.get("message", "")).split())[:_LONGEST]
        if not level or not text or told.get("ephemeral"):
            return
        if level == "error":
            self.failures.setdefault(urn, text)
        elif told["severity"] == "info#err":
            self.errors.append(text)
        self.listen(Noticed(level, f"{urn}: {text}" if urn else text))

    def _note(self, stage: str, told: JsonObject) -> None:
        verb, kind = _VERBS.get(str(told.get("op"))), str(told.get("type"))
        if verb is None or kind == STACK or kind.startswith("pulumi:providers:"):
            return
        if verb is Verb.DELETE and child(told, "old").get("retainOnDelete"):
            verb = Verb.FORGET  # the program wants it kept where it is
        address = "::".join(str(told.get("urn")).split("::")[2:])
        keys = told.get("keys")
        forced = tuple(map(str, keys)) if verb is Verb.REPLACE and isinstance(keys, list) else ()
        change = Change(address, kind, verb, forced)
        if not self.previews:
            self.listen(ResourceMoved(address, verb, stage, resource_type=kind))
        elif stage == "started":
            self.listen(Planned(change))
        done = stage == ("started" if self.previews else "ended")
        if done and (forced or address not in self.changed):  # one of a replacement's parts tells
            self.changed[address] = change


def child(value: JsonObject, name: str) -> JsonObject:
    found: JsonValue = value.get(name)
    return found if isinstance(found, dict) else {}
