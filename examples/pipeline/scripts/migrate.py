#!/usr/bin/env python3
"""Brings the database to the schema that the release needs; the release before goes on with it.

With --plan it says what it would do.
"""

import json
import os
import sqlite3
import sys
from pathlib import Path

given = json.load(sys.stdin)
here = Path(__file__).parent.parent
name = given["variables"]["release"]
release = here / "releases" / f"{name}.json"
if not release.is_file():
    there = ", ".join(sorted(each.stem for each in release.parent.glob("*.json")))
    sys.exit(f"there is no release {name}; there are {there}")
wanted = json.loads(release.read_text())["schema"]

changes = []
with sqlite3.connect(Path(given["steps"]["provision"]["root"]) / "orders.sqlite") as database:
    (present,) = database.execute("PRAGMA user_version").fetchone()
    for number in range(present + 1, wanted + 1):
        migration = (here / "migrations" / f"{number}.sql").read_text()
        if "--plan" not in sys.argv:
            database.executescript(f"BEGIN; {migration} PRAGMA user_version = {number}; COMMIT;")
        changes.append({"address": f"database schema {number}", "verb": "update"})
result = {"schema": max(present, wanted), "changes": changes}
Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))
