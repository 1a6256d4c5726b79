"""Write docs/explanation/faults.md from the rows that the last run of the fault matrix left.

`python scripts/write_faults.py ROWS`, one JSON object a line.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TypeAlias

from purveyor import json_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/explanation/faults.md"
TEMPLATE = ROOT / "scripts/faults.template.md"
HEADS = ("when", "fault", "platform shows (told by)", "lock", "in the state", "next run")
OPERATIONS = {"create": "A create", "update": "An update", "delete": "A delete"}
# A run's life, in order; `apply` stands for `destroy`, too.
LIFE = (
    "before the claim",
    "after the claim",
    "init",
    "plan",
    "apply, before the first state write",
    "apply, after the first state write",
    "before the journal's end",
    "while reporting",
)

Row: TypeAlias = "dict[str, str]"


def read_rows(path: Path) -> list[Row]:
    """Return the rows, each as texts."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json_text.parse(line)
        if isinstance(row, dict):
            broken = row.pop("broken")
            listed = broken if isinstance(broken, list) else []
            texts = {name: str(value) for name, value in row.items()}
            rows.append({**texts, "broken": "; ".join(map(str, listed))})
    return rows


def read_phase(row: Row) -> int | None:
    """Return where in a run's life a row is; None for one that is no such phase."""
    phase = row["phase"].replace("destroy", "apply")
    return LIFE.index(phase) if phase in LIFE else None


def tell_result(row: Row) -> tuple[str, ...]:
    """Return the cells of what a row showed."""
    following = row["following"]
    if row["broken"]:
        following = f"{following} **breaks: {row['broken']}**"
    return (f"{row['status']} ({row['told_by']})", row["lock"], row["state"], following)


def build_table(rows: list[Row]) -> str:
    """Return one table in Markdown; faults that show the same in the same phase share a line."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        faults = merged.setdefault((row["phase"], *tell_result(row)), [])
        if row["fault"] not in faults:
            faults.append(row["fault"])
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    for (phase, *result), faults in merged.items():
        lines.append("| " + " | ".join((phase, ", ".join(faults), *result)) + " |")
    return "\n".join(lines)


def build_operation(operation: str, rows: list[Row]) -> str:
    """Return the section on one operation: along its life, then at single requests."""
    along = sorted(
        (row for row in rows if read_phase(row) is not None),
        key=lambda row: (read_phase(row), row["fault"]),
    )
    single = sorted(
        (row for row in rows if read_phase(row) is None),
        key=lambda row: (row["fault"], row["phase"]),
    )
    return (
        f"## {OPERATIONS[operation]}\n\n{build_table(along)}\n\n"
        f"Stores, the platform, disks, engines and surroundings:\n\n{build_table(single)}\n"
    )


def build_sister(rows: list[Row], first: list[Row]) -> str:
    """Return the section on OpenTofu: what differs from Terraform."""
    known = {(row["operation"], row["fault"], row["phase"], *tell_result(row)) for row in first}
    other = [
        row
        for row in rows
        if (row["operation"], row["fault"], row["phase"], *tell_result(row)) not in known
    ]
    text = f"{len(rows)} of these cells were played with OpenTofu, too."
    if not other:
        return f"## With OpenTofu\n\n{text} Each shows the same.\n"
    named = [{**row, "phase": f"{row['operation']}: {row['phase']}"} for row in other]
    table = build_table(sorted(named, key=lambda row: (row["phase"], row["fault"])))
    return f"## With OpenTofu\n\n{text} These show something else:\n\n{table}\n"


def count_drawn(rows: list[Row]) -> str:
    """Return how many moments were drawn, and what came of them."""
    operations = Counter(row["operation"] for row in rows)
    tellers = Counter(row["told_by"] for row in rows)
    broken = sum(bool(row["broken"]) for row in rows)
    return (
        f"{len(rows)} further moments ({_list(operations)}) were drawn by seeds; {broken} of them"
        f" broke a promise. The ending was told by {_list(tellers)}"
    )


def _list(counted: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counted.items()))


def main() -> None:
    """Write the page, and print what was tried."""
    read = read_rows(Path(sys.argv[1]))
    rows = [row for row in read if row["drawn"] != "True"]
    drawn = count_drawn([row for row in read if row["drawn"] == "True"])
    sister = [row for row in rows if row["engine"] == "opentofu"]
    first = [row for row in rows if row["engine"] == "terraform"]
    if not first:
        sister, first = [], sister
    parts = [
        build_operation(operation, own)
        for operation in OPERATIONS
        if (own := [row for row in first if row["operation"] == operation])
    ]
    if sister:
        parts.append(build_sister(sister, first))
    text = TEMPLATE.read_text(encoding="utf-8").replace("{tables}\n", "\n".join(parts))
    broken = sum(bool(row["broken"]) for row in rows)
    count = f"{len(rows)} cells were played; {broken} of them break a promise"
    PAGE.write_text(text.replace("{count}", count).replace("{drawn}", drawn), encoding="utf-8")
    print(f"{count}; {drawn}.")  # noqa: T201 - the count belongs in the log


main()
