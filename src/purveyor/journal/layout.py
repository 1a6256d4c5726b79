"""Where the journal keeps what: the only speller of its paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.entity import EntityRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from purveyor.json_text import JsonObject

OPEN = "journal/open"
ACTIONS = "journal/actions"
BEGIN, BEAT, END, REPORTED = "begin.json", "beat.json", "end.json", "heard.json"
REQUEST, DECISION = "approval.json", "decision.json"
CHANGING, RECOVERY, SETTLEMENTS, LINKS = "changing", "recovery", "settlements", "links"
STEPS = "steps"
CAPSULE, SECRETS, BEGUN, UNTOUCHED = "capsule.json", "secrets.json", "begun.json", "untouched.json"
_PARTS = 5  # journal/actions/<action id>/<attempt>/<name>


def open_path(action: str) -> str:
    return f"{OPEN}/{action}"


def action_folder(action: str) -> str:
    return f"{ACTIONS}/{action}"


def attempt_path(action: str, attempt: int, name: str) -> str:
    return f"{ACTIONS}/{action}/{attempt}/{name}"


def split_attempts(paths: Iterable[str]) -> Mapping[tuple[str, int], set[str]]:
    names: dict[tuple[str, int], set[str]] = {}
    for path in paths:
        parts = path.split("/")
        if len(parts) == _PARTS and parts[3].isdecimal():
            names.setdefault((parts[2], int(parts[3])), set()).add(parts[4])
    return names


def entity_path(entity: EntityRef, name: str) -> str:
    return f"{entity.journal_folder}/{name}"


def last_path(entity: EntityRef) -> str:
    """From an entity, and so from a lock on its state, to the action that was begun last on it."""
    return entity_path(entity, "last")


def marker_folder(entity: EntityRef) -> str:
    return entity_path(entity, CHANGING)


def marker_path(entity: EntityRef, action: str, attempt: int | str) -> str:
    return entity_path(entity, f"{CHANGING}/{action}/{attempt}")


def split_marker(path: str) -> tuple[EntityRef, str, int] | None:
    """Return a marker's entity, action and attempt; None for any other path."""
    found = EntityRef.from_path(path)
    match found and found[1]:
        case [folder, action, attempt] if found and folder == CHANGING and attempt.isdecimal():
            return found[0], action, int(attempt)
    return None


def link_path(service: str, link: str) -> str:
    """Beside a service's capsule each of its links that was built: one listing finds them all."""
    return entity_path(EntityRef("service", service), f"{LINKS}/{link}")


def step_path(entity: EntityRef, step: str) -> str:
    """What keeps a step from being done again."""
    return entity_path(entity, f"{STEPS}/{step}.json")


def recovery_path(entity: EntityRef, name: str) -> str:
    return entity_path(entity, f"{RECOVERY}/{name}")


def unlock_path(entity: EntityRef, note: JsonObject) -> str:
    return entity_path(entity, f"unlocks/{_moment(note)}.json")


def settlement_path(entity: EntityRef, note: JsonObject, what: str) -> str:
    return entity_path(entity, f"{SETTLEMENTS}/{_moment(note)}-{what}.json")


def _moment(note: JsonObject) -> str:
    return str(note.get("at", "")).replace(":", "")
