#!/usr/bin/env python3
"""Says what goes, while the database still answers."""

import json
import sqlite3
import sys

endpoint = json.load(sys.stdin)["steps"]["database"].get("endpoint")
if endpoint is None:
    sys.exit(0)  # a create was broken off before there was a database
with sqlite3.connect(endpoint) as database:
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
print(f"{len(tables)} tables go")
