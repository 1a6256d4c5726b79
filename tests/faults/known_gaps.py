"""Cells that break a promise today, each with what breaks; a healed one has to leave the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A machine that is lost before the claim has left nothing that a sweep could find.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "machine lost / before the claim": ("the platform still shows pending",),
}
KINDS = {kind for kinds in KNOWN.values() for kind in kinds}
