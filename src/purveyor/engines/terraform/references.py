"""What a module's files refer to outside of their directory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.hcl.scanner import HclTextError, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonValue

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
# Other blocks have sources too; what these name is needed just so.
_SOURCE = re.compile(r'\bsource\s*=\s*"(\.{1,2}(?:/[^"$%]*)?)"')
_UPWARD = re.compile(r'(?<![\w.])(?:\./)*\.\.(?=["/$%])(?:/[^"$%{}\s]*)?')
# A step upwards that a path is put together of, or one that a function takes.
_UNREAD = re.compile(
    r'(?<!source=)"[./]*\.\.[./]*"|\bdirname\([^)]{0,200}?\bpath\.(?:module|root|cwd)\b'
)
_DEPTH = 512
_MARKS = ("./", '".."', "dirname")


@dataclass(frozen=True, slots=True)
class References:
    """`modules` are local sources, `paths` other strings that look like upward paths.

    `unread` names files that lead upwards in a way that only the engine can follow.
    """

    modules: tuple[str, ...]
    paths: tuple[str, ...]
    unread: tuple[str, ...]


def find_references(directory: Path) -> References:
    """Find what the module in `directory` refers to; files with faults are passed over.

    The engine names such faults better when the module is described or run.
    """
    modules: dict[str, None] = {}
    paths: dict[str, None] = {}
    unread: list[str] = []
    for file in list_files(directory):
        text = file.read_text(encoding="utf-8", errors="replace")
        if any(mark in text for mark in _MARKS):
            code = _without_comments(file, text)
            modules |= dict.fromkeys(_SOURCE.findall(code))
            paths |= dict.fromkeys(_UPWARD.findall(code))
            unread += [file.name] if _UNREAD.search(code) else []
    return References(tuple(modules), tuple(paths), tuple(unread))


def _without_comments(file: Path, text: str) -> str:
    """Return a file's code without blanks; of a text that we cannot cut everything counts."""
    try:
        if file.suffix == ".json":
            return "".join(_json_strings(json_text.parse(text, max_depth=_DEPTH), ""))
        return "".join(token.text for token in scan(text).all)
    except (HclTextError, json_text.JsonTextError):
        return text


def _json_strings(value: JsonValue, name: str) -> Iterator[str]:
    if isinstance(value, str):
        yield f'{name}="{value}"'
    pairs = value.items() if isinstance(value, dict) else ()
    items = [(name, each) for each in value] if isinstance(value, list) else pairs
    for key, each in items:
        if key != "//":  # a comment, in JSON syntax
            yield from _json_strings(each, key)


def list_files(directory: Path) -> list[Path]:
    return sorted(
        path
        for path in directory.iterdir()
        if path.name.endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file()
    )
