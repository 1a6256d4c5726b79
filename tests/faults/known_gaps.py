"""Cells that break a promise today, each with what breaks; a healed one has to leave the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN: Mapping[str, tuple[str, ...]] = {}
