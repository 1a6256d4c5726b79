"""What the stream of a command that changes things proves of the state that it left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.kept_output import LEFT_OUT, read_ends
from purveyor.step import Proof

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject

_TWICE = "Two interrupts received"
_UNSAVED = frozenset({"Failed to save state", "Failed to persist state to backend"})
# Told amid the change, of a first try to save the state after an interrupt (opWait in the engines'
# internal/backend/local/backend.go): it neither ends the command nor says what became of the state.
_MIDWAY = "Error saving current state"
_CHANGES = frozenset({"apply", "destroy"})
_UNDER_LOCK = ("planned_change", "change_summary", "refresh_start", "apply_start")
_ROOM = 1 << 16


def judge_stream(text: str) -> Proof:
    """Judge what an engine has told that has ended, however it ended.

    It tells of its end after it has written the state (measured with a slow store), and of a change
    before it begins it.
    """
    lines = text.split("\n")
    # In what was too much to keep a change may have begun; how it ended stands at the end.
    touched, ended, unsaved = LEFT_OUT in lines, False, False
    for message in filter(None, map(parse_message, lines)):
        match message.get("type"):
            case "apply_start":
                touched = True
            case "log" if _TWICE in str(message.get("@message")):
                # It drops what it has not written yet, and ends like any other (measured).
                return Proof.NONE if touched else Proof.UNTOUCHED
            case "change_summary":
                ended |= read_object(message, "changes").get("operation") in _CHANGES
            case "diagnostic":
                summary = _read_error(message)
                ended |= summary not in {None, _MIDWAY}
                unsaved |= summary in _UNSAVED
            case _:
                pass
    if unsaved:
        return Proof.UNSAVED
    if ended:
        return Proof.SAVED
    whole = not touched and text[-1:] in {"", "\n"}
    return Proof.UNTOUCHED if whole else Proof.NONE


def has_locked(text: str) -> bool:
    """Tell whether an engine has told what it tells only while it holds the state's lock."""
    return any(f'"type":"{each}"' in text for each in _UNDER_LOCK)


def judge_file(path: Path) -> Proof:
    """Judge a stream that a command has left; without one it was never started.

    A disk without room proves nothing: lines may be missing.
    """
    try:
        room = os.statvfs(path.parent)
        with path.open("rb") as file:
            text = read_ends(file)
    except FileNotFoundError:
        return Proof.UNTOUCHED
    except OSError:
        return Proof.NONE
    proof = judge_stream(text)
    full = room.f_bavail * room.f_frsize < _ROOM
    return Proof.NONE if full and proof is Proof.UNTOUCHED else proof


def parse_message(line: str) -> JsonObject | None:
    """Read a line of the stream; None when it is no message."""
    try:
        message = json_text.parse(line)
    except json_text.JsonTextError:
        return None
    return message if isinstance(message, dict) else None


def read_object(source: JsonObject, name: str) -> JsonObject:
    """Return a field that is an object; empty for anything else."""
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def _read_error(message: JsonObject) -> str | None:
    told = read_object(message, "diagnostic")
    return str(told.get("summary")) if told.get("severity") == "error" else None
