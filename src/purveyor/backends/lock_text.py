"""The lock's holder, as Terraform and OpenTofu write it beside a state."""

from __future__ import annotations

from purveyor import json_text
from purveyor.errors import StateLockedError
from purveyor.lock import Lock


def parse_lock(text: str) -> Lock:
    """Read lock info (Terraform's `statemgr.LockInfo`); unreadable text still is a held lock."""
    try:
        fields = json_text.parse(text)
    except json_text.JsonTextError:
        return Lock(id="")
    if not isinstance(fields, dict):
        return Lock(id="")
    words = {name: value for name, value in fields.items() if isinstance(value, str)}
    return Lock(
        id=words.get("ID", ""),
        who=words.get("Who", ""),
        operation=words.get("Operation", "").removeprefix("OperationType").lower(),
        created=words.get("Created", ""),
        path=words.get("Path", ""),
        version=words.get("Version", ""),
    )


def held(where: str, holder: Lock) -> StateLockedError:
    """Return the error for a state that cannot be removed since `holder` works on it."""
    who = holder.who or "another run"
    return StateLockedError(
        f"The state {where} is not removed: {who} holds its lock.",
        hint="Wait for that run to end, then run the action again.",
        details=[f"lock {holder.id or 'unknown'}, since {holder.created or 'unknown'}"],
    )
