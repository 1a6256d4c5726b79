"""Applies manifests: all is dry-run on the server first, waited for, and pruned in the end."""

from __future__ import annotations

import fnmatch
import re
from functools import partial
from typing import TYPE_CHECKING, Self

from purveyor import plan
from purveyor.action import Operation
from purveyor.engines.kubernetes.access import open_cluster
from purveyor.engines.kubernetes.applied_set import AppliedSet
from purveyor.engines.kubernetes.cluster import (
    PART_OF,
    ClusterError,
    Item,
    Resource,
    explain,
    side_by_side,
)
from purveyor.engines.kubernetes.dry_run import ForeseenChange, check_items, find_brought
from purveyor.engines.kubernetes.rendering import find_secrets, render
from purveyor.engines.kubernetes.waiting import Waiting
from purveyor.engines.stateless import StatelessEngine
from purveyor.errors import CancelledError, CatalogError, PurveyorError
from purveyor.json_text import as_object, dig
from purveyor.plan import Change, Verb
from purveyor.program import OWN_VARIABLE
from purveyor.state_key import OutputValue
from purveyor.step import Noticed, Planned, StepResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.program import Manifests
    from purveyor.redaction import Redactor
    from purveyor.step import Listen, Step

KUBERNETES = "kubernetes"
_EARLY = frozenset({"Namespace", "CustomResourceDefinition"})
_ODD = re.compile(r"[^a-z0-9.-]+")


class KubernetesEngine(StatelessEngine):
    """Applies one step's manifests; what was applied is kept on the cluster."""

    def __init__(self, manifests: Manifests, redactor: Redactor, *, token: str = "") -> None:
        self._open = partial(_Session, manifests, redactor, token)

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Apply and prune, or delete; return once all is current, or gone."""
        with self._open(step, listen) as session:
            return session.delete() if step.operation is Operation.DELETE else session.apply()

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Have the server say what would change; nothing is written."""
        with self._open(step, listen) as session:
            return session.preview(deletes=step.operation is Operation.DELETE)


class _Session:
    """One step's way with the cluster."""

    def __init__(
        self, manifests: Manifests, redactor: Redactor, token: str, step: Step, listen: Listen
    ) -> None:
        self._manifests = manifests
        self._redactor = redactor
        self._step = step
        self._listen = listen
        self._values, own = _split_variables(step.variables)
        self._cluster, space = open_cluster(
            manifests, {**own, "token": token}, step.environment, redactor
        )
        self._namespace = own.get("namespace") or space or "default"
        self._set = AppliedSet(self._cluster, _name_parent(step.variables), self._namespace)
        self._waiting = Waiting(self._cluster, manifests.timeout, step.interruption, listen)
        self._applied: dict[str, JsonObject] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Say what was done before an error, and let what the server says be an error of ours."""
        found = error if isinstance(error, PurveyorError) else None
        if isinstance(error, ClusterError):
            found = explain({self._namespace: error}, what="serve", done=self._tell_done())
        if found is not None:
            over = (f"applied before: {key}" for key in self._applied)
            found.details = (*map(self._redactor.redact, found.details), *over)
            found.message = self._redactor.redact(found.message)
        if found is not None and found is not error:
            raise found from None

    def _tell_done(self) -> str:
        count = len(self._applied)
        return f"{count} objects were applied" if count else "nothing was changed"

    def apply(self) -> StepResult:
        early, late = self._read_documents()
        parent = self._set.read_parent()
        changes, left = self._foresee(early, late, parent)
        if early:
            self._write(early)
            changes += self._check(late, {each.item.key for each in changes})
        wanted = [*early, *late]
        if wanted:
            self._set.write_parent(wanted, parent)
        self._write(late)
        gone = [each for each in left if each.is_ours]
        self._delete(gone)
        foreign = [each for each in left if not each.is_ours]
        if wanted or parent:
            self._set.write_parent([*wanted, *foreign])
        made = (each.change for each in changes if each.verb is not Verb.NOTHING)
        return StepResult(
            (*made, *_delete_all(gone)),
            self._evaluate(),
            tuple(_tell_foreign(each) for each in foreign),
            engine=KUBERNETES,
        )

    def preview(self, *, deletes: bool) -> StepResult:
        parent = self._set.read_parent()
        if deletes:
            gone = [each for each in self._set.find_members(parent) if each.is_ours]
            return StepResult(_delete_all(gone), {}, engine=KUBERNETES)
        early, late = self._read_documents()
        foreseen, left = self._foresee(early, late, parent)
        known = {each.item.key for each in foreseen}
        foreseen += [ForeseenChange(each, Verb.CREATE) for each in late if each.key not in known]
        for each in foreseen:
            for line in each.differences:
                self._listen(Noticed("info", self._redactor.redact(f"{each.item.key}: {line}")))
        changes = (each.change for each in foreseen if each.verb is not Verb.NOTHING)
        gone = [each for each in left if each.is_ours]
        return StepResult((*changes, *_delete_all(gone)), {}, engine=KUBERNETES)

    def delete(self) -> StepResult:
        """Delete what was applied, whatever the manifests say by now."""
        self._refuse_when_cancelled()
        parent = self._set.read_parent()
        members = self._set.find_members(parent)
        ours = [each for each in members if each.is_ours]
        for stage in (False, True):  # namespaces and definitions last: all in them goes with them
            self._delete([each for each in ours if (each.resource.kind in _EARLY) is stage])
        if parent is not None:
            self._cluster.delete(parent)
        notes = tuple(_tell_foreign(each) for each in members if not each.is_ours)
        return StepResult(_delete_all(ours), {}, notes, engine=KUBERNETES)

    def _read_documents(self) -> tuple[list[Item], list[Item]]:
        """Return what is wanted: what others need first, and all else."""
        documents = render(self._manifests, self._values, self._step, self._namespace)
        self._redactor.add(*find_secrets(documents))
        brought = find_brought(documents)
        items: dict[str, Item] = {}
        faults: list[str] = []
        for each in documents:
            version, kind = str(each["apiVersion"]), str(each["kind"])
            resource = self._cluster.find(version, kind) or brought.get((version, kind))
            item = self._place(resource, each) if resource else None
            if item is None:
                faults.append(f"{kind}/{dig(each, 'metadata', 'name')}: no {kind} in {version}")
            elif items.setdefault(item.key, item) is not item:
                faults.append(f"{item.key}: it stands twice in the manifests")
        if faults:
            raise CatalogError(
                f"{faults[0]}; nothing was changed.",
                details=faults,
                hint="Correct what the details name, or install what brings a kind.",
            )
        first = [each for each in items.values() if each.resource.kind in _EARLY]
        return first, [each for each in items.values() if each not in first]

    def _place(self, resource: Resource, document: JsonObject) -> Item:
        metadata = as_object(document.get("metadata"))
        space = str(metadata.get("namespace") or self._namespace) if resource.namespaced else ""
        labels = {**as_object(metadata.get("labels")), PART_OF: self._set.id}
        placed: JsonObject = {"namespace": space} if space else {}
        whole: JsonObject = {**document, "metadata": {**metadata, **placed, "labels": labels}}
        return Item(resource, space, whole, self._namespace)

    def _foresee(
        self, early: list[Item], late: list[Item], parent: Item | None
    ) -> tuple[list[ForeseenChange], list[Item]]:
        """Dry-run all that can be; return what changes, and what left the manifests."""
        wanted = [*early, *late]
        keys = {each.key for each in wanted}
        members = self._set.find_members(parent) if parent else []
        left = [each for each in members if each.key not in keys]
        if left and not wanted:
            raise CatalogError(
                f"The manifests render to no object at all, and {len(left)} stand on the cluster:"
                " nothing was changed.",
                hint="Correct the condition that leaves everything out; to take all away, delete"
                " the service or the link.",
            )
        gone = _delete_all([each for each in left if each.is_ours])
        plan.judge(self._step.guard, gone, _covers)
        for each in gone:
            self._listen(Planned(each))
        return self._check(wanted, set(), {each.name for each in early}), left

    def _check(
        self, items: Sequence[Item], known: Collection[str], brought: Collection[str] = ()
    ) -> list[ForeseenChange]:
        rest = [each for each in items if each.key not in known]
        foreseen = check_items(self._cluster, rest, brought, done=self._tell_done())
        for each in foreseen:
            if each.verb is not Verb.NOTHING:
                self._listen(Planned(each.change))
        return foreseen

    def _write(self, items: Sequence[Item]) -> None:
        """Apply, and wait until all is current."""
        self._refuse_when_cancelled()
        for each in items:
            try:
                self._applied[each.key] = self._cluster.apply(each)
            except ClusterError as error:
                raise explain({each.key: error}, what="take", done=self._tell_done()) from None
        self._waiting.until_current(items, self._applied)

    def _delete(self, items: Sequence[Item]) -> None:
        side_by_side(self._cluster.delete, items)
        self._waiting.until_gone(items)

    def _refuse_when_cancelled(self) -> None:
        if self._step.interruption.requested:
            raise CancelledError(
                f"The run was cancelled; {self._tell_done()}.",
                hint="Start the action again when it is wanted.",
            )

    def _evaluate(self) -> dict[str, OutputValue]:
        found: dict[str, OutputValue] = {}
        for name, expression in self._manifests.outputs.items():
            from purveyor.engines.kubernetes.templates import evaluate

            value = evaluate(expression, dict(self._applied), name, self._values)
            found[name] = OutputValue(value, sensitive=name not in self._manifests.public)
            if found[name].sensitive:
                self._redactor.add_value(value)
        return found


def _split_variables(document: Mapping[str, JsonValue]) -> tuple[JsonObject, dict[str, str]]:
    """Return what templates may read, as a playbook does, and the step's own keys."""
    rest = {name: value for name, value in document.items() if name not in {"variables", "steps"}}
    values: JsonObject = {"purveyor": rest, "steps": document.get("steps", {})}
    values |= as_object(document.get("variables"))
    names = [each for each in values if each.startswith(OWN_VARIABLE)]
    return values, {each.removeprefix(OWN_VARIABLE): str(values.pop(each)) for each in names}


def _name_parent(document: Mapping[str, JsonValue]) -> str:
    """Return the name of the applied set: the entity's kind and id, and the step's name."""
    kind = "link" if document.get("link") else "service"
    words = (
        "purveyor",
        kind,
        str(as_object(document.get(kind)).get("id")),
        str(document.get("step") or ""),
    )
    return _ODD.sub("-", "-".join(word for word in words if word).lower()).strip("-.")


def _covers(pattern: str, change: Change) -> bool:
    return fnmatch.fnmatchcase(change.address.lower(), pattern.lower())


def _delete_all(items: Iterable[Item]) -> tuple[Change, ...]:
    return tuple(Change(each.key, each.resource.kind, Verb.DELETE) for each in items)


def _tell_foreign(item: Item) -> str:
    return f"{item.key} was left alone: it has this step's label, but Purveyor never applied it."
