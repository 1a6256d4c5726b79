"""Which variables a module's own files of values set: `terraform.tfvars`, `*.auto.tfvars`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import normalize

from purveyor import json_text
from purveyor.hcl.blocks import Assignment, find_items
from purveyor.hcl.files import read_text
from purveyor.hcl.scanner import HclTextError, scan

if TYPE_CHECKING:
    from pathlib import Path

_ENDINGS = (".tfvars", ".tfvars.json")
_AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


def find_values(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Give for each variable the file that sets it, and a line for each file that says nothing.

    The later file wins, in the order of both engines (measured); they read these files themselves.
    """
    names = [
        f"terraform{ending}" for ending in _ENDINGS if (folder / f"terraform{ending}").exists()
    ]
    names += sorted(each.name for each in folder.iterdir() if each.name.endswith(_AUTOMATIC))
    set_by: dict[str, str] = {}
    unread: list[str] = []
    for name in names:
        try:
            set_by.update(dict.fromkeys(_read_names(folder / name), name))
        except (HclTextError, json_text.JsonTextError) as fault:
            unread.append(f"{name}: {fault.problem}")
    return set_by, unread


def _read_names(path: Path) -> list[str]:
    text = read_text(path)
    if path.suffix == ".json":
        found = json_text.parse(text)
        return [normalize("NFC", name) for name in found] if isinstance(found, dict) else []
    tokens = scan(text.removeprefix("\ufeff"))
    items = find_items(tokens, 0, len(tokens.all))
    return [normalize("NFC", each.head.text) for each in items if isinstance(each, Assignment)]
