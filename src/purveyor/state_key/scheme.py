"""Where the states of all entities lie below a backend's prefix, and how they are found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from purveyor.dataclass import dataclass
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key.address import StateKey, leave_out_steps
from purveyor.state_key.template import KeyTemplate, read_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from purveyor.state_key.address import Owner


class Templates(Protocol):
    """A company's own templates; None stands for Purveyor's own."""

    @property
    def services(self) -> str | None:
        """That of services' keys."""

    @property
    def links(self) -> str | None:
        """That of links' keys."""


@dataclass(frozen=True, slots=True)
class KeyScheme:
    """A template for the keys of services, and one for those of links."""

    services: KeyTemplate
    links: KeyTemplate

    def path(self, owner: Owner) -> str:
        """Return the key of a state that does not exist yet; raise ContextError for a bad id."""
        return self._template(owner.kind).path(owner)

    def start(self, owner: Owner) -> str:
        """Return what every key of an owner begins with; the whole key where it has no slug."""
        return self._template(owner.kind).start(owner)

    def starts(self) -> tuple[str, ...]:
        """Return what all keys begin with: one or two texts, neither the begin of the other."""
        services, links = self.services.before, self.links.before
        if services.startswith(links):
            return (links,)
        return (services,) if links.startswith(services) else (services, links)

    def read(self, path: str) -> tuple[str, str, str] | None:
        """Return kind, id and slug (or an empty text) of a key; None for one of another form."""
        for template in (self.services, self.links):
            found = template.read(path)
            if found is not None:
                return (template.kind, *found)
        return None

    def folders(self, path: str) -> Iterator[str]:
        """Yield the folders of a key that hold nothing of another entity, the innermost first."""
        found = self.read(path)
        return iter(()) if found is None else self._template(found[0]).folders(path)

    def depth(self) -> int:
        """Return how many parts the longest key has."""
        return max(each.text.count("/") for each in (self.services, self.links)) + 1

    def choose(
        self,
        owner: Owner,
        *,
        states: Iterable[str],
        traces: Iterable[str] = (),
        marks: Iterable[str] = (),
    ) -> StateKey:
        """Return the key to use, given what was found; what is not the owner's is passed over.

        A state under any slug is kept to: renaming an entity must not build it twice. `traces` are
        keys of states that were begun but hold nothing yet (a lock, an empty file): without a state
        they are kept to as well. `marks` are keys with a note that their state has moved. Raise
        RecoveryError STATE_AMBIGUOUS for two states.
        """
        own = [self._own(owner, each) for each in (states, traces, marks)]
        known = [path for paths in own for path in paths]
        found, begun, marked = (leave_out_steps(paths, known) for paths in own)
        if len(found) > 1:
            raise RecoveryError(
                f"The {owner.kind} {owner.id} has {len(found)} states where there can be only one.",
                reason=ReasonCode.STATE_AMBIGUOUS,
                hint="Find out which one describes what exists, and move the other out of the"
                " folder.",
                details=found,
            )
        if found:
            return StateKey(found[0], exists=True, moved=found[0] in marked)
        natural = self.path(owner)
        if marked:
            return StateKey(natural if natural in marked else marked[0], exists=False, moved=True)
        return StateKey(natural if natural in begun or not begun else begun[0], exists=False)

    def _own(self, owner: Owner, paths: Iterable[str]) -> list[str]:
        template = self._template(owner.kind)
        whose = ((each, template.read(each)) for each in set(paths))
        return sorted(each for each, found in whose if found and found[0] == owner.id)

    def _template(self, kind: str) -> KeyTemplate:
        return self.links if kind == "link" else self.services


KEYS = KeyScheme(
    read_template("service", "services/{service_id}/{service_slug}.tfstate"),
    read_template("link", "links/{link_id}/{link_slug}.tfstate"),
)
"""Purveyor's own keys.

Always three parts deep, so that no key is a folder of another (a store that is a file system loses
one of the two).
"""

KEYS_BY_ID = KeyScheme(
    read_template("service", "services/{service_id}.tfstate"),
    read_template("link", "links/{link_id}.tfstate"),
)
"""Purveyor's own keys where a place cannot list: found by the id alone."""


def find_clashes(wanted: Templates, own: KeyScheme = KEYS) -> list[str]:
    """Say where two good templates could lead to one key, or to one of Purveyor's own."""
    scheme = combine(wanted, own)
    faults = []
    for name, template in (("services", scheme.services), ("links", scheme.links)):
        if template.may_meet_journal:
            faults.append(f"{name} could lie in the journal: begin with a word of your own")
    if scheme.services.may_meet(scheme.links):
        faults.append(
            "services and links could have the same key, or one lie below the other: begin each"
            " with a word of its own"
        )
    faults += [
        f"{name} could be taken for Purveyor's own keys of {theirs}: begin with another word than"
        f" {before.text.split('/')[0]}"
        for name, mine in (("services", scheme.services), ("links", scheme.links))
        for theirs, before in (("services", own.services), ("links", own.links))
        if mine.form != before.form and mine.may_meet(before)
    ]
    return faults


def combine(wanted: Templates | None, own: KeyScheme = KEYS) -> KeyScheme:
    """Return the scheme that the catalog wants; None stands for Purveyor's own.

    Raise CatalogError for a bad template.
    """
    if wanted is None:
        return own
    return KeyScheme(
        own.services if wanted.services is None else read_template("service", wanted.services),
        own.links if wanted.links is None else read_template("link", wanted.links),
    )
