"""Finds channels that would start a second run for the same action."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from purveyor.catalog.document import unfold
from purveyor.channels.model import SLUG_PATH, SOURCE, name_channel
from purveyor.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from purveyor.json_text import JsonObject, JsonValue

# None: it depends on what only an action's notification says.
Truth: TypeAlias = bool | None


def refuse_doubles(
    wanted: JsonObject,
    others: Iterable[JsonObject],
    slugs: Sequence[str],
    beside: Collection[JsonValue],
) -> None:
    """Raise GuardError with both names where another channel may take one of the slugs, too.

    Those whose number stands in `beside` may, and the channel itself.
    """
    found = [
        f"{name_channel(each)} also takes {', '.join(both)}"
        for each in others
        if each.get("id") not in beside and (both := find_taken(each, str(wanted["nrn"]), slugs))
    ]
    if found and wanted["status"] == "active":
        raise GuardError(
            f"Each action would start two runs: {name_channel(wanted)} is not the only channel.",
            hint="Delete or narrow the other one; if it starts no run, say --beside NUMBER.",
            details=found,
        )


def find_taken(channel: JsonObject, nrn: str, slugs: Iterable[str]) -> list[str]:
    """Return the slugs whose actions at a place, or below it, a channel may take."""
    if not _can_meet(channel, f"{nrn}:"):
        return []
    return [slug for slug in slugs if judge(channel.get("filters"), slug) is not False]


def _can_meet(channel: JsonObject, nrn: str) -> bool:
    place, sources = f"{channel.get('nrn')}:", channel.get("source")
    listens = channel.get("status") != "inactive" and channel.get("type") != "slack"
    near = place.startswith(nrn) or nrn.startswith(place)
    return listens and near and (not isinstance(sources, list) or SOURCE in sources)


def judge(query: JsonValue, slug: str) -> Truth:
    """Tell whether a channel's filter lets actions of a service specification through."""
    return _every([_clause(name, wanted, slug) for name, wanted in unfold(query).items()])


def _clause(name: str, wanted: JsonValue, slug: str) -> Truth:
    if name in {"$and", "$or", "$nor"} and isinstance(wanted, list):
        found = [judge(each, slug) for each in wanted]
        if name == "$and":
            return _every(found)
        none = _every([_opposite(each) for each in found])
        return none if name == "$nor" else _opposite(none)
    if name == SLUG_PATH:
        return _holds(wanted, slug)
    # Only telemetry has `arguments` (nullplatform's tofu-modules filter on both).
    return _holds(wanted, None) if name.startswith("arguments.") else None


def _holds(condition: JsonValue, value: str | None) -> Truth:
    if not isinstance(condition, dict):
        return condition == value
    found: list[Truth] = []
    for operator, wanted in condition.items():
        if operator in {"$eq", "$ne"}:
            found.append((wanted == value) == (operator == "$eq"))
        elif operator in {"$in", "$nin"} and isinstance(wanted, list):
            found.append((value in wanted) == (operator == "$in"))
        else:
            found.append(_opposite(_holds(wanted, value)) if operator == "$not" else None)
    return _every(found)


def _every(found: Sequence[Truth]) -> Truth:
    return False if False in found else None if None in found else True


def _opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth
