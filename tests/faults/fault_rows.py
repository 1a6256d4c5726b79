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

    from fault_fixtures import Row


def write_rows(rows: Sequence[Row], engine: str, *, drawn: bool = False) -> None:
    """Add rows to the file that FAULT_ROWS names; `drawn` for moments that only are counted."""
    path = os.environ.get("FAULT_ROWS")  # noqa: TID251 - where the page's script reads
    if path:
        more = {"engine": engine, "drawn": drawn}
        lines = [json_text.write({**dataclasses.asdict(row), **more}) for row in rows]
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))


def judge(rows: Sequence[Row], engine: str) -> None:
    """Write rows; each has to break what is known, and no more."""
    write_rows(rows, engine)
    assert [row for row in rows if row.kinds != KNOWN.get(row.cell, ())] == []
