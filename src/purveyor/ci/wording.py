"""How an annotation reads where there are none, and how outputs may be named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.ci.model import Tone
from purveyor.ci.plain import split_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

TONES = {"error": Tone.BAD, "warning": Tone.CAREFUL}


def word_annotation(level: str, text: str, title: str) -> str:
    """Return `error: title: text`, further lines indented."""
    head = f"{level}: " if level in TONES else ""
    lines = split_plain(f"{title}: {text}" if title else text)
    return head + "\n  ".join(lines)


def sort_names(values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the outputs whose names every vendor takes, and the other names."""
    good = {name: value for name, value in values.items() if _NAME.fullmatch(name)}
    return good, [name for name in values if name not in good]
