"""Turns the engines' regular expressions into those that JSON Schema knows."""

from __future__ import annotations

import re

# RE2 (github.com/google/re2, "Syntax") on one side, ECMA 262 with its flag `u` on the other, under
# which a needless backslash is an error.
_PIECE = re.compile(
    r"(?P<escape>\\.)|(?P<named>\[\[?:)|(?P<group>\(\?)|(?P<count>\{\d+(?:,\d*)?\})|(?P<plain>.)",
    re.DOTALL,
)
_SAME = frozenset("dDwWbBnrtfv")
_NEEDED = frozenset("^$\\.*+?()[]{}|/")
_BLANKS = r"\t\n\f\r "


class UntranslatableError(ValueError):
    """It has no equal on the other side."""


def translate_pattern(pattern: str) -> str:
    """Return an RE2 pattern for JSON Schema; raise UntranslatableError."""
    found: list[str] = []
    in_class = False
    for match in _PIECE.finditer(pattern):
        text = match[0]
        match match.lastgroup:
            case "escape":
                text = _translate_escape(text[1], in_class=in_class)
            case "named" | "group" if not pattern.startswith("(?:", match.start()):
                raise UntranslatableError
            case "plain" if text == "[" and not in_class:
                in_class = True
            case "plain" if text == "]":
                in_class, text = False, "]" if in_class else r"\]"
            case "plain" if text in "{}" and not in_class:
                text = f"\\{text}"
            case _:
                pass
        found.append(text)
    return "".join(found)


def _translate_escape(letter: str, *, in_class: bool) -> str:
    if letter in _SAME or letter in _NEEDED or (letter == "-" and in_class):
        return f"\\{letter}"
    if letter == "s":
        return _BLANKS if in_class else f"[{_BLANKS}]"
    if letter == "S" and not in_class:
        return f"[^{_BLANKS}]"
    if letter.isalnum():
        raise UntranslatableError
    return letter
