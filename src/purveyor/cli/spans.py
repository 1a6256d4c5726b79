"""Spans of time as people write them: `2h`, `90min`."""

from __future__ import annotations

import re

import click

_SPAN = re.compile(r"([0-9]{1,9})\s*(s|min|h|d)")
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def read_span(text: str, *, least: float) -> float:
    """Return seconds; raise BadParameter for what is no span, or below `least` seconds."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter("give a number and a unit: s, min, h or d, such as 90min.")
    seconds = float(int(found[1]) * _UNITS[found[2]])
    if seconds < least:
        raise click.BadParameter(f"it is less than {least:.0f}s.")
    return seconds
