"""What the stream of a command that changes things proves of the state that it left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.kept_output import LEFT_OUT, read_ends
from purveyor.step import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject

_ONCE, _TWICE = "Interrupt received", "Two interrupts received"
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
    before it begins it. INTERRUPTED: an interrupt makes the engines save the state at once, which
    is empty amid the first creation; if that ends before they note it, the save at the end reads
    the empty state back and saves that (PersistState in internal/states/remote/state.go; measured
    with OpenTofu 1.12.6 on S3: 6 of 270 interrupted creations lost their resource so).
    """
    lines = text.split("\n")
    messages = [each for each in map(parse_message, lines) if each]
    # In what was too much to keep a change may have begun; how it ended stands at the end.
    begun = ["create"] if LEFT_OUT in lines else []
    begun += [str(read_object(m, "hook").get("action")) for m in _of(messages, "apply_start")]
    told = " ".join(str(each.get("@message")) for each in _of(messages, "log"))
    if _TWICE in told:
        # It drops what it has not written yet, and ends like any other (measured).
        return Proof.NONE if begun else Proof.UNTOUCHED
    errors = set(map(_read_error, _of(messages, "diagnostic"))) - {None, _MIDWAY}
    if errors & _UNSAVED:
        return Proof.UNSAVED
    ends = (read_object(each, "changes") for each in _of(messages, "change_summary"))
    if errors or any(each.get("operation") in _CHANGES for each in ends):
        return Proof.INTERRUPTED if _ONCE in told and "create" in begun else Proof.SAVED
    whole = not begun and text[-1:] in {"", "\n"}
    return Proof.UNTOUCHED if whole else Proof.NONE


def _of(messages: list[JsonObject], kind: str) -> Iterator[JsonObject]:
    return (each for each in messages if each.get("type") == kind)


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
    try:
        message = json_text.parse(line)
    except json_text.JsonTextError:
        return None
    return message if isinstance(message, dict) else None


def read_object(source: JsonObject, name: str) -> JsonObject:
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def _read_error(message: JsonObject) -> str | None:
    told = read_object(message, "diagnostic")
    return str(told.get("summary")) if told.get("severity") == "error" else None
