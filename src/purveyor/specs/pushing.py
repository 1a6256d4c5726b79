"""Brings specifications from files to the platform: what differs, and the calls that mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.client import ONCE
from purveyor.client.lists import list_rows
from purveyor.errors import GuardError
from purveyor.json_text import as_list, as_object, list_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject
    from purveyor.specs.layout import SpecificationDocument

_METHODS = {"created": "POST", "changed": "PATCH", "deleted": "DELETE"}


@dataclass(slots=True)
class SpecificationChange:
    done: str  # created, changed, deleted, unchanged, or left: the platform alone has it
    kind: str
    slug: str
    parent: SpecificationChange | None
    current: JsonObject = field(default_factory=dict)  # as the platform shows it
    body: JsonObject = field(default_factory=dict)  # what is sent
    rows: list[tuple[str, str, str]] = field(default_factory=list)  # path, now, wanted

    @property
    def path(self) -> str:
        """Where it is, or where such are made."""
        above = self.parent.path if self.parent and self.kind == "action" else ""
        own = f"/{self.current['id']}" if self.current else ""
        return f"{above}/{self.kind}_specification{own}"


@dataclass(frozen=True, slots=True)
class Push:
    client: PlatformClient
    nrn: str
    visible_to: Sequence[str]  # further places; without any, visibility is set when one is made
    prune: bool

    def plan(
        self,
        wanted: SpecificationDocument,
        current: SpecificationDocument | None,
        parent: SpecificationChange | None = None,
    ) -> Iterator[SpecificationChange]:
        """Yield what becomes of each specification, parents first."""
        now, body = current.body if current else {}, wanted.sent
        if wanted.kind != "action" and (self.visible_to or not now):
            body["visible_to"] = [self.nrn, *self.visible_to]
        # The platform need not show what is off.
        rows = [each for each in list_differences(now, body) if each[1:] != ("-", "false")]
        if now:
            body = {name: body[name] for name in {path.partition(".")[0] for path, *_ in rows}}
        done = "created" if not now else "changed" if rows else "unchanged"
        own = SpecificationChange(done, wanted.kind, wanted.slug, parent, now, body, rows)
        yield own
        there = {(each.kind, each.slug): each for each in current.below} if current else {}
        for each in wanted.below:
            yield from self.plan(each, there.pop((each.kind, each.slug), None), own)
        done = "deleted" if self.prune else "left"
        for each in there.values():
            # Actions of other types come with `use_default_actions`.
            if each.kind == "link" or each.body.get("type") == "custom":
                yield SpecificationChange(done, each.kind, each.slug, own, each.body)

    def find_pins(self, changes: Sequence[SpecificationChange]) -> Iterator[str]:
        """Yield which package pins what is to be changed, as it is now."""
        touched = {str(each.current["id"]): each for each in changes}
        for package in list_rows(self.client, "/packages", {"nrn": self.nrn}):
            for part in map(as_object, as_list(package.get("components"))):
                change = touched.get(str(part.get("resource_id")))
                newest = change.current.get("last_snapshot_id") if change else None
                if change and newest in {None, part.get("resource_revision_id")}:
                    yield f"{package.get('slug')} pins the {change.kind} {change.slug}"

    def carry_out(self, change: SpecificationChange) -> None:
        """Make the call, if there is one; a parent's come before."""
        if (method := _METHODS.get(change.done)) is None:
            return
        what = f"have the {change.kind} specification {change.slug} {change.done}"
        if method != "POST":
            self.client.call(method, change.path, change.body or None, what=what)
            return
        if change.parent:
            above = f"{change.parent.kind}_" if change.kind == "action" else ""
            change.body[f"{above}specification_id"] = change.parent.current["id"]
        change.current = self.client.call("POST", change.path, change.body, what=what, policy=ONCE)
        if (slug := change.current.get("slug")) != change.slug:
            raise GuardError(
                f"The platform calls the new {change.kind} specification {slug}, not"
                f" {change.slug} (id {change.current['id']}).",
                hint="Delete it there, and give it a name of which the platform makes that slug.",
            )
