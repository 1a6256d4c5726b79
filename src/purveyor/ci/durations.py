"""How long something took, in words."""

from __future__ import annotations

_EXACT = 9.95
_MINUTE = 60
_HOUR = 3600


def tell_duration(seconds: float) -> str:
    """Return `0.2 s`, `42 s`, `3 min 5 s` or `1 h 2 min`."""
    if seconds < _EXACT:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
