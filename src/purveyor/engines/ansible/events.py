"""What a playbook tells while it runs, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.plan import Change, Verb
from purveyor.step import Noticed

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor.step import Listen

OUTPUTS = "purveyor_outputs"
"""The name under which `set_stats` hands on a playbook's outputs."""

_LEVELS = {
    "failed": "error",
    "unreachable": "error",
    "ignored": "warning",
    "item_failed": "warning",
}
_LONGEST = 500
_DIFF_LINES = 100


@dataclass(frozen=True, slots=True)
class HostFailure:
    """What went wrong on one host, in Ansible's words; `task` is empty before the first."""

    host: str
    task: str
    message: str
    unreachable: bool = False

    def __str__(self) -> str:
        """Show it as one line."""
        parts = (self.host, self.task, self.message)
        return ": ".join(part for part in parts if part)


@dataclass(slots=True)
class PlaybookEvents:
    """Listens to the callback plugin's lines."""

    listen: Listen
    changed: dict[str, None] = field(default_factory=dict)  # hosts, in order
    failures: list[HostFailure] = field(default_factory=list)
    unchecked: dict[str, None] = field(default_factory=dict)  # tasks that a check passes over
    outputs: JsonObject = field(default_factory=dict)
    task: str = ""  # the last that was begun
    fault: str = ""  # why what `set_stats` kept cannot be handed on

    def read(self, line: str) -> None:
        """Take one line; what is no event of ours is shown as it is."""
        event = _parse(line)
        kind = str(event.get("event", ""))
        if kind in {"play", "task"}:
            self.task = str(event.get("name", "")) if kind == "task" else self.task
            self.listen(Noticed("info", f"{kind}: {event.get('name', '')}"))
        elif kind == "stats":
            self._keep(event)
        elif kind:
            self._note(kind, event)
        elif line.strip():
            self.listen(Noticed("info", line))

    def changes(self) -> tuple[Change, ...]:
        """Return each host on which something was changed."""
        return tuple(Change(host, "host", Verb.UPDATE) for host in self.changed)

    def _note(self, kind: str, event: JsonObject) -> None:
        host, task = str(event.get("host", "")), str(event.get("task", ""))
        words = [" ".join(str(event.get(name) or "").split()) for name in ("message", "errors")]
        said = " | ".join(dict.fromkeys(word for word in words if word))[:_LONGEST]
        if kind == "changed":
            self.changed[host] = None
            self.listen(Noticed("info", f"changed: {host}"))
        elif kind == "unchecked":
            self.unchecked[f"`{task}` on {host}"] = None
        elif kind == "diff":
            for line in str(event.get("message", "")).split("\n")[:_DIFF_LINES]:
                self.listen(Noticed("info", f"{host}: {line}"))
        elif kind in _LEVELS:
            if kind in {"failed", "unreachable"}:
                self.failures.append(HostFailure(host, task, said, kind == "unreachable"))
            self.listen(Noticed(_LEVELS[kind], f"{kind.replace('_', ' ')}: {host}: {said}"))

    def _keep(self, event: JsonObject) -> None:
        kept = event.get("kept")
        outputs = kept.get(OUTPUTS, {}) if isinstance(kept, dict) else {}
        if isinstance(outputs, dict):
            self.outputs = outputs
        else:
            self.fault = f"set_stats kept `{OUTPUTS}`, which is no mapping of names to values"


def _parse(line: str) -> JsonObject:
    if not line.startswith('{"event": '):
        return {}
    try:
        value = json_text.parse(line)
    except json_text.JsonTextError:
        return {}
    return value if isinstance(value, dict) else {}
