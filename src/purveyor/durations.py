"""Lengths of time as people write and read them: `2h`, `90min`, `3 min 5 s`, `5 h`."""

from __future__ import annotations

import re

WRITTEN = r"([0-9]{1,9})\s*(s|min|h|d)"
_SECONDS = {"d": 86400, "h": 3600, "min": 60, "s": 1}
_EXACT = 9.95


def read_duration(text: str, *, least: float) -> float:
    """Return seconds; raise ValueError for what is no duration, or below `least` seconds."""
    found = re.fullmatch(WRITTEN, text.strip())
    if found is None:
        raise ValueError("give a number and a unit: s, min, h or d, such as 90min.")
    seconds = float(int(found[1]) * _SECONDS[found[2]])
    if seconds < least:
        raise ValueError(f"it is less than {least:.0f}s.")
    return seconds


def tell_duration(seconds: float) -> str:
    """Return `0.2 s`, `42 s`, `3 min 5 s`, `1 h 2 min` or `2 h`."""
    if seconds < _EXACT:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < _SECONDS["min"]:
        return f"{whole} s"
    unit, below = ("min", "s") if whole < _SECONDS["h"] else ("h", "min")
    count, rest = divmod(whole, _SECONDS[unit])
    rest //= _SECONDS[below]
    return f"{count} {unit} {rest} {below}" if rest else f"{count} {unit}"


def tell_age(seconds: float | None) -> str:
    """Return `3 d`, `5 h`, `2 min` or `0 s`, one unit and rounded down; `?` where nobody knows."""
    if seconds is None:
        return "?"
    unit = next((each for each, length in _SECONDS.items() if seconds >= length), "s")
    return f"{max(0.0, seconds) // _SECONDS[unit]:.0f} {unit}"
