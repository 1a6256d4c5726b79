"""What a module's files refer to outside of their directory, and where they keep their state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.hcl.blocks import Assignment, Block, find_items
from purveyor.hcl.literals import read_string
from purveyor.hcl.scanner import HclTextError, Tokens, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonValue

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
_LOCAL = ("./", "../")
_UPWARD = re.compile(r'(?<![\w.])(?:\./)*\.\./[^"$%{}\s]*')


@dataclass(frozen=True, slots=True)
class References:
    """`modules` are local module sources, `paths` other texts that look like upward paths."""

    modules: tuple[str, ...]
    paths: tuple[str, ...]


def find_references(directory: Path) -> References:
    """Find what the module in `directory` refers to; files with faults are passed over.

    The engine names such faults better when the module is described or run.
    """
    modules: list[str] = []
    paths: list[str] = []
    for file in list_files(directory):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "./" in text:
            modules += [source for source in _module_sources(file, text) if _is_local(source)]
            paths += _UPWARD.findall(text)
    return References(tuple(dict.fromkeys(modules)), tuple(dict.fromkeys(paths)))


def find_state_blocks(directory: Path) -> Iterator[tuple[str, str]]:
    """Give file name and kind (`cloud` or `backend`) of each block that says where state lives."""
    for file in list_files(directory):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "cloud" in text or "backend" in text:
            names = _json_settings(text) if file.suffix == ".json" else _settings(text)
            yield from ((file.name, name) for name in names if name in {"cloud", "backend"})


def list_files(directory: Path) -> list[Path]:
    """Return the configuration files that stand in a directory, by name."""
    return sorted(
        path
        for path in directory.iterdir()
        if path.name.endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file()
    )


def _is_local(source: str) -> bool:
    return source.startswith(_LOCAL) or source in {".", ".."}


def _module_sources(file: Path, text: str) -> Iterator[str]:
    if file.suffix == ".json":
        yield from _json_sources(_json_part(text, "module"))
        return
    tokens = _tokens(text)
    for block in _blocks(tokens, 0, len(tokens.all)):
        if block.head.text == "module":
            for item in find_items(tokens, block.start, block.end):
                if isinstance(item, Assignment) and item.head.text == "source":
                    yield from (read_string(t) for t in item.expression if t.kind == "string")


def _settings(text: str) -> Iterator[str]:
    tokens = _tokens(text)
    for block in _blocks(tokens, 0, len(tokens.all)):
        if block.head.text == "terraform" and not block.labels:
            yield from (b.head.text for b in _blocks(tokens, block.start, block.end))


def _blocks(tokens: Tokens, start: int, end: int) -> Iterator[Block]:
    return (item for item in find_items(tokens, start, end) if isinstance(item, Block))


def _tokens(text: str) -> Tokens:
    try:
        return scan(text)
    except HclTextError:
        return Tokens((), {})


def _json_settings(text: str) -> Iterator[str]:
    for settings in _objects(_json_part(text, "terraform")):
        yield from settings


def _json_sources(modules: JsonValue) -> Iterator[str]:
    for each in _objects(modules):
        for call in each.values():
            for body in _objects(call):
                source = body.get("source")
                if isinstance(source, str):
                    yield source


def _json_part(text: str, name: str) -> JsonValue:
    try:
        return next((each.get(name) for each in _objects(json_text.parse(text))), None)
    except json_text.JsonTextError:
        return None


def _objects(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    # In JSON syntax a block may be one object or a list of them.
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield each
