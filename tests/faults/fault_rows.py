"""Rows of the table: kept for the page that is made from them, and held to what is known."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from known_gaps import KNOWN

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fault_bench import Row


def judge(rows: Sequence[Row], engine: str) -> None:
    """Add rows to the file that FAULT_ROWS names; each has to break what is known, and no more."""
    path = os.environ.get("FAULT_ROWS")  # noqa: TID251 - where the page's script reads
    if path:
        lines = [json_text.write({**dataclasses.asdict(row), "engine": engine}) for row in rows]
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
    assert [row for row in rows if row.kinds != KNOWN.get(row.cell, ())] == []
