"""Which states are to be moved: all of a place, those of a key scheme, or those of a mapping."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.backends.model import UnsupportedError
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError
from purveyor.state_key import ID, StateKey, identity
from purveyor.states.entity import KINDS, Named
from purveyor.states.moving import Move, Moved, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from purveyor.backends import Backend
    from purveyor.states.moving import Mover

_FIELD = re.compile(r"\{([a-z_]+)\}")
_IDS = {"id": "", "service_id": "service", "link_id": "link"}
_SLUGS = ("slug", "service_slug", "link_slug")
# Between a slug and an id without a slash only these can be told apart.
_CLEAR_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+"
_FIELDS = 2


@dataclass(frozen=True, slots=True)
class EarlierKeys:
    """A key scheme to move away from, such as `service-{service_slug}-{service_id}.tfstate`."""

    text: str
    pattern: re.Pattern[str]
    kind: str

    def read(self, path: str) -> Named | None:
        """Return whose state lies at a path; None when the path is not of this scheme."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        fields = found.groupdict()
        kind = fields.get("kind") or self.kind
        return Named(kind.removesuffix("s"), fields["id"], fields.get("slug") or "")


def parse_template(text: str) -> EarlierKeys:
    """Read a template; raise CatalogError for one that lacks the id or has unknown fields."""
    names = _FIELD.findall(text)
    faults = [f"{{{name}}}: unknown field" for name in names if _part(name) is None]
    ids = [name for name in names if name in _IDS]
    if len(ids) != 1:
        faults.append("it needs {service_id}, {link_id} or {id}, once: the id makes a key unique")
    faults += [
        f"{{{name}}}: only once" for name in sorted({*names} - {"any"}) if names.count(name) > 1
    ]
    if sum(name in _SLUGS for name in names) > 1:
        faults.append("one slug is enough")
    if faults:
        raise CatalogError(
            f"The key template {text[:200]!r} cannot be used.",
            hint="Fields: {service_id} or {link_id} (or {id} with {kind}), {slug}, {any}.",
            details=faults,
        )
    return EarlierKeys(text, re.compile(_pattern(text)), _IDS[ids[0]] or "service")


def read_entity(path: str, templates: Sequence[EarlierKeys]) -> Named | None:
    """Return whose state lies at a path, by the first template that fits."""
    return next((found for each in templates if (found := each.read(path))), None)


def _pattern(text: str) -> str:
    """Return a regular expression; each slug and id is a group."""
    pieces = _FIELD.split(text)
    clear = _touches(pieces)
    parts = []
    for position, piece in enumerate(pieces):
        if position % 2 == 0:
            parts.append(re.escape(piece))
        elif piece in _IDS:
            parts.append(f"(?P<id>{_CLEAR_ID if clear else ID})")
        else:
            parts.append(_part(piece) or "")
    return "".join(parts)


def _touches(pieces: list[str]) -> bool:
    """Tell whether no slash stands between the id and another field."""
    at = next(i for i in range(1, len(pieces), 2) if pieces[i] in _IDS)
    before = at > 1 and "/" not in pieces[at - 1]
    after = at + 2 < len(pieces) and "/" not in pieces[at + 1]
    return before or after


def _part(name: str) -> str | None:
    if name in _IDS:
        return ID
    if name in _SLUGS:
        return r"(?P<slug>[^/]*?)"
    return {"kind": r"(?P<kind>services?|links?)", "any": r"[^/]*?"}.get(name)


def moves_of_all(source: Backend) -> Iterator[Move]:
    """Tell the moves of all states that lie where Purveyor puts them."""
    for state in source.list():
        owner = Named(state.kind, state.entity_id, state.slug)
        yield Move(owner, StateKey(state.path, exists=True))


def moves_of_scheme(source: Backend, templates: Sequence[EarlierKeys]) -> Iterator[Move]:
    """Tell the moves of all states whose key fits a template.

    Raise UnsupportedError when the place cannot list what is not in Purveyor's own scheme.
    """
    if not source.keeps_markers:
        raise UnsupportedError(
            "This kind of backend cannot list states under other keys.",
            hint="Give the keys with --mapping.",
        )
    for path in source.paths():
        owner = read_entity(path, templates)
        if owner is not None:
            yield Move(owner, StateKey(path, exists=True))


def parse_mapping(lines: Iterable[str]) -> list[Move]:
    """Read `OLD_KEY services/ID[/SLUG]` lines; blank ones and those after # are left out.

    Raise CatalogError with every fault.
    """
    moves, faults = [], []
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        owner = _read_owner(fields[1]) if len(fields) == _FIELDS else None
        if owner is None:
            faults.append(f"line {number}: not `OLD_KEY services/ID[/SLUG]` or `… links/ID[/SLUG]`")
        else:
            moves.append(Move(owner, StateKey(fields[0], exists=True)))
    if faults:
        raise CatalogError(
            "The mapping has lines that cannot be read.",
            hint="Write an old key, a space, and whose state it is.",
            details=faults,
        )
    return moves


def carry_out(moves: Iterable[Move], mover: Mover) -> Iterator[Moved]:
    """Move one state after the other; two old states of one entity are both refused."""
    waiting = list(moves)
    seen: dict[str, int] = {}
    for move in waiting:
        stamp = identity(move.owner)
        seen[stamp] = seen.get(stamp, 0) + 1
    for move in waiting:
        if seen[identity(move.owner)] > 1:
            yield Moved(move, Verdict.REFUSED, note="the old place has two states of this entity")
        else:
            yield mover.move(move)


def _read_owner(words: str) -> Named | None:
    kind, _, rest = words.partition("/")
    entity_id, _, slug = rest.partition("/")
    if kind.removesuffix("s") not in KINDS or not kind.endswith("s") or not entity_id:
        return None
    return Named(kind.removesuffix("s"), entity_id, slug)
