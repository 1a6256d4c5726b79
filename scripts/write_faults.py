"""Write docs/explanation/faults.md from the rows that the last run of the fault matrix left.

`python scripts/write_faults.py ROWS`, one JSON object a line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from purveyor import json_text

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/explanation/faults.md"
TEMPLATE = ROOT / "scripts/faults.template.md"
HEADS = (
    "fault",
    "phase",
    "platform shows (told by)",
    "lock",
    "in the state",
    "next run",
    "promises",
)
_ENGINES = {"terraform": "Terraform", "opentofu": "OpenTofu"}


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows, sorted, each as texts."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json_text.parse(line)
        if isinstance(row, dict):
            broken = row.pop("broken")
            listed = broken if isinstance(broken, list) else []
            texts = {name: str(value) for name, value in row.items()}
            rows.append({**texts, "broken": "; ".join(map(str, listed))})
    return sorted(rows, key=lambda row: (row["fault"], row["phase"]))


def build_table(rows: list[dict[str, str]]) -> str:
    """Return one table in Markdown."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---" * len(HEADS) + "|"]
    for row in rows:
        cells = (
            row["fault"],
            row["phase"],
            f"{row['status']} ({row['told_by']})",
            row["lock"],
            row["state"],
            row["following"],
            f"**breaks: {row['broken']}**" if row["broken"] else "kept",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Write the page."""
    rows = read_rows(Path(sys.argv[1]))
    parts = []
    for engine, name in _ENGINES.items():
        if own := [row for row in rows if row["engine"] == engine]:
            parts.append(f"## With {name}\n\n{build_table(own)}\n")
    text = TEMPLATE.read_text(encoding="utf-8").replace("{tables}\n", "\n".join(parts))
    broken = sum(bool(row["broken"]) for row in rows)
    count = f"{len(rows)} cells were played; {broken} of them break a promise"
    PAGE.write_text(text.replace("{count}", count), encoding="utf-8")


main()
