"""What one step has applied, kept on the cluster as kubectl's ApplySets are (KEP-3659).

A ConfigMap is the set's parent: it names the kinds and namespaces to look in, and its members carry
its id as a label. So nothing is searched but what was applied, and `kubectl` can read it all.
"""

from __future__ import annotations

import base64
import hashlib
from itertools import product
from typing import TYPE_CHECKING

from purveyor import __version__
from purveyor.engines.kubernetes.cluster import (
    PART_OF,
    Cluster,
    ClusterError,
    Item,
    Resource,
    side_by_side,
)
from purveyor.json_text import as_list, as_object, dig

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.json_text import JsonObject

_ID = "applyset.kubernetes.io/id"
_TOOL = "applyset.kubernetes.io/tooling"
_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
_CONFIG_MAP = Resource("v1", "ConfigMap", "configmaps", namespaced=True)
_ANNOTATIONS = ("metadata", "annotations")
_FORBIDDEN = 403


class AppliedSet:
    """What one step has applied; `name` and `namespace` are the parent's."""

    def __init__(self, cluster: Cluster, name: str, namespace: str) -> None:
        self.cluster, self.name, self.namespace = cluster, name, namespace
        self._told: JsonObject = {}  # the parent's annotations, as they are

    @property
    def id(self) -> str:
        """The parent's own, as the KEP makes it of name, namespace, kind and group."""
        digest = hashlib.sha256(f"{self.name}.{self.namespace}.ConfigMap.".encode()).digest()
        return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"

    def read_parent(self) -> Item | None:
        path = _CONFIG_MAP.path(self.namespace, self.name)
        found = self.cluster.read(path)
        return Item(_CONFIG_MAP, self.namespace, found, self.namespace) if found else None

    def write_parent(self, members: Iterable[Item], before: Item | None = None) -> None:
        """Note where members are; with `before`, also where they were: it is pruned afterwards."""
        members = list(members)
        kinds = {each.resource.group_kind for each in members}
        spaces = {each.namespace for each in members} - {"", self.namespace}
        if before is not None:
            kinds |= _listed(before, _KINDS)
            spaces |= _listed(before, _NAMESPACES)
        told: JsonObject = {
            _TOOL: f"purveyor/v{__version__}",
            _KINDS: ",".join(sorted(kinds)),
            _NAMESPACES: ",".join(sorted(spaces)),
        }
        if told == self._told or (before and told == dig(before.document, *_ANNOTATIONS)):
            self._told = told
            return
        document: JsonObject = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {_ID: self.id},
                "annotations": told,
            },
        }
        self.cluster.apply(Item(_CONFIG_MAP, self.namespace, document, ""), force=True)
        self._told = told

    def find_members(self, parent: Item | None) -> list[Item]:
        """Return what carries the set's label, of the kinds and in the namespaces of the parent.

        Without one, a run may have ended after it had made no more than the namespace.
        """
        kinds = _listed(parent, _KINDS) if parent else {"Namespace"}
        spaces = {self.namespace, *(_listed(parent, _NAMESPACES) if parent else ())}
        found = side_by_side(self.cluster.find_group, sorted(kinds))
        served = [each for each in found if each is not None]
        places = [
            *((each, "") for each in served if not each.namespaced),
            *product((each for each in served if each.namespaced), sorted(spaces)),
        ]
        try:
            lists = side_by_side(lambda place: self._list(*place), places)
        except ClusterError as error:
            if parent is None and error.status == _FORBIDDEN:
                return []
            raise
        return [item for each in lists for item in each]

    def _list(self, resource: Resource, namespace: str) -> list[Item]:
        found = self.cluster.read(resource.path(namespace), labelSelector=f"{PART_OF}={self.id}")
        kind: JsonObject = {"apiVersion": resource.version, "kind": resource.kind}
        return [
            Item(resource, namespace, {**kind, **as_object(each)}, self.namespace)
            for each in as_list((found or {}).get("items"))
        ]


def _listed(parent: Item, annotation: str) -> set[str]:
    text = str(dig(parent.document, *_ANNOTATIONS, annotation) or "")
    return {each for each in text.split(",") if each}
