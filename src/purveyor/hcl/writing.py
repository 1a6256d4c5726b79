"""Writes Terraform's language as `fmt` leaves it."""

from __future__ import annotations

import itertools
import re
import textwrap
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonValue

_BARE = re.compile(r"(?!(for|null)$)[a-z]\w*", re.ASCII)
_SURROGATES = re.compile(r"\\ud[89ab]..\\ud[c-f]..")


def express(value: JsonValue, indent: int | None = None) -> str:
    """Return JSON as an expression of one line; with `indent`, objects have a line per member."""
    if isinstance(value, dict):
        inner = None if indent is None else indent + 2
        keys = (name if _BARE.fullmatch(name) else express(name) for name in value)
        members = dict(zip(keys, (express(each, inner) for each in value.values()), strict=True))
        if indent is not None and members:
            return f"{{\n{assign(members, indent + 2)}{' ' * indent}}}"
        told = ", ".join(f"{name} = {each}" for name, each in members.items())
        return f"{{ {told} }}" if told else "{}"
    if isinstance(value, list):
        return f"[{', '.join(express(each) for each in value)}]"
    text = json_text.write(value).replace("${", "$${").replace("%{", "%%{")
    # The language knows no pairs of surrogates.
    return _SURROGATES.sub(lambda pair: str(json_text.parse(f'"{pair[0]}"')), text)


def assign(values: Mapping[str, str], indent: int) -> str:
    """Return a line for each expression; `=` are aligned where each has one line."""
    text = ""
    for broken, run in itertools.groupby(values.items(), lambda each: "\n" in each[1]):
        members = dict(run)
        width = 0 if broken else max(map(len, members))
        text += "".join(f"{' ' * indent}{n.ljust(width)} = {each}\n" for n, each in members.items())
    return text


def write_block(head: str, values: Mapping[str, str], *inner: str) -> str:
    """Return a block of arguments, whose objects begin at 2, and of blocks written before."""
    parts = [assign(values, 2)] if values else []
    parts += [textwrap.indent(each, "  ") for each in inner]
    return "".join((head, " {\n", "\n".join(parts), "}\n"))
