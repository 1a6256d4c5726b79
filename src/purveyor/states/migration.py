"""Which states are to be moved: all of a place, those of a key scheme, or those of a mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.model import UnsupportedError
from purveyor.errors import CatalogError
from purveyor.state_key import StateKey, identity
from purveyor.states.entity import KINDS, Named
from purveyor.states.moving import Move, Moved, Verdict
from purveyor.states.templates import read_entity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from purveyor.backends import Backend
    from purveyor.states.moving import Mover
    from purveyor.states.templates import EarlierKeys

_FIELDS = 2


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
