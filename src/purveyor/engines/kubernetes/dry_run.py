"""What objects would become, by the server's own dry run: nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from purveyor import json_text
from purveyor.engines.kubernetes.cluster import (
    PART_OF,
    ClusterError,
    Item,
    Resource,
    explain,
    side_by_side,
)
from purveyor.errors import EngineError, ReasonCode
from purveyor.json_text import as_list, as_object, dig
from purveyor.plan import Change, Verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from purveyor.engines.kubernetes.cluster import Cluster
    from purveyor.json_text import JsonObject, JsonValue

_MISSING = 404
_LONGEST = 80
# What the server writes itself, each time.
_ITS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"})


class ForeseenChange(NamedTuple):
    """What an object would become; `differences` are for people."""

    item: Item
    verb: Verb
    differences: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        return Change(self.item.key, self.item.resource.kind, self.verb)


def check_items(
    cluster: Cluster, items: Sequence[Item], brought: Collection[str], *, done: str
) -> list[ForeseenChange]:
    """Return what each would become; raise one error for all that the server does not accept.

    What lies in a namespace or is of a kind that the manifests bring themselves, by the names
    `brought`, is left out as long as that is not there.
    """
    refused: dict[str, ClusterError] = {}
    foreign: list[str] = []

    def look(item: Item) -> ForeseenChange | None:
        found = cluster.read(item.path)
        live = found and Item(item.resource, item.namespace, found, item.home)
        if live and live.label != item.label:
            foreign.append(_tell_owner(live))
            return None
        try:
            wanted = cluster.apply(item, dry_run=True)
        except ClusterError as error:
            group = item.resource.version.rpartition("/")[0]
            awaited = {item.namespace, f"{item.resource.plural}.{group}"} & {*brought}
            if error.status != _MISSING or not awaited:
                refused[item.key] = error
            return None
        return _foresee_change(item, found, wanted)

    planned = side_by_side(look, items)
    if foreign:
        raise EngineError(
            f"{foreign[0]}; {done}.",
            reason=ReasonCode.NAME_TAKEN,
            details=sorted(foreign),
            hint="Choose another name; to hand an object over, remove it, or label it"
            f" {PART_OF}={items[0].label}.",
        )
    if refused:
        raise explain(refused, what="accept", done=done)
    return [each for each in planned if each is not None]


def _foresee_change(item: Item, found: JsonObject | None, wanted: JsonObject) -> ForeseenChange:
    if found is None:
        return ForeseenChange(item, Verb.CREATE)
    hidden = item.resource.kind == "Secret"
    differences = tuple(_compare(_strip(found), _strip(wanted), hidden=hidden))
    return ForeseenChange(item, Verb.UPDATE if differences else Verb.NOTHING, differences)


def find_brought(documents: Iterable[JsonObject]) -> dict[tuple[str, str], Resource]:
    """Return the kinds that the manifests bring themselves, as they will be served."""
    found: dict[tuple[str, str], Resource] = {}
    for each in documents:
        if each.get("kind") != "CustomResourceDefinition":
            continue
        spec = as_object(each.get("spec"))
        kind, plural = (str(dig(spec, "names", name)) for name in ("kind", "plural"))
        for served in as_list(spec.get("versions")):
            version = f"{spec.get('group')}/{dig(served, 'name')}"
            namespaced = spec.get("scope") == "Namespaced"
            found[version, kind] = Resource(version, kind, plural, namespaced)
    return found


def _tell_owner(live: Item) -> str:
    entries = as_list(dig(live.document, "metadata", "managedFields"))
    managers = {str(dig(each, "manager")) for each in entries}
    by = f", managed by {', '.join(sorted(managers))}" if managers else ""
    of = f"is a part of {live.label}" if live.label else "exists already"
    return f"{live.key} {of} and is not this step's{by}"


def _strip(document: JsonObject) -> JsonObject:
    metadata = as_object(document.get("metadata"))
    kept = {name: each for name, each in metadata.items() if name not in _ITS_OWN}
    return {**{n: v for n, v in document.items() if n != "status"}, "metadata": kept}


def _compare(old: JsonValue, new: JsonValue, path: str = "", *, hidden: bool) -> Iterator[str]:
    """Yield what differs, place by place; the values of a Secret are not shown."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _compare(old.get(name), new.get(name), f"{path}.{name}", hidden=hidden)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from _compare(*pair, f"{path}[{number}]", hidden=hidden)
    elif hidden and path.startswith((".data", ".stringData")):
        yield f"{path} changes"
    else:
        shown = (json_text.write(each)[:_LONGEST] for each in (old, new))
        yield f"{path}: {' -> '.join(shown)}"
