"""Which services and links a place's list shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind

if TYPE_CHECKING:
    from purveyor_emulator.records import EmulatedEntity

_ANY = "*"


def is_listed(entity: EmulatedEntity, nrn: str, *, descendants: bool) -> bool:
    """Tell whether the list of `nrn` shows an entity.

    A place shows what is its own, and the services of the places above it, which can be linked
    there; `show_descendants=true` adds what is below it. `*` for a level's id takes every place of
    that level and all below (nullplatform's ai-plugins: docs of `GET /service`, of wildcards in
    NRNs, and of `np link list`).
    """
    own, asked = entity.nrn.split(":"), nrn.split(":")
    depth = min(len(own), len(asked))
    if not all(map(_fits, own[:depth], asked[:depth])):
        return False
    if len(own) > len(asked):
        return descendants or _is_wide(asked)
    return len(own) == len(asked) or entity.kind is Kind.SERVICE


def _is_wide(asked: list[str]) -> bool:
    return any(each.endswith(f"={_ANY}") for each in asked)


def _fits(own: str, asked: str) -> bool:
    level, _, identity = asked.partition("=")
    return own == asked or (identity == _ANY and own.startswith(f"{level}="))
