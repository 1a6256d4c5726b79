"""Foreign text made plain: no escape sequences, nothing invisible, lines of bounded length."""

from __future__ import annotations

import re

LONGEST_LINE = 8000

# ECMA-48: CSI, then the string sequences (OSC, DCS, SOS, PM, APC), then two-character escapes;
# each also as a C1 control character. An unfinished string sequence ends with the text.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Control characters but tab, and Unicode's Default_Ignorable_Code_Point: .NET's comparisons, and
# so both agents' search for commands, read as if these were not there.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def split_plain(text: str) -> list[str]:
    """Cut text at everything that any reader takes for a line's end, and make each line plain.

    At least one line comes back. A line longer than 8000 characters is cut, and says so.
    """
    whole = _SEQUENCE.sub("", text)
    return [_bound(_INVISIBLE.sub("", line)) for line in whole.splitlines()] or [""]


def join_plain(text: str) -> str:
    return " ".join(split_plain(text))


def _bound(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[:LONGEST_LINE]} ... ({len(line) - LONGEST_LINE} characters more)"
