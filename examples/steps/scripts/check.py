#!/usr/bin/env python3
"""Succeeds when the database has a customer."""

import json
import sqlite3
import sys

given = json.load(sys.stdin)
with sqlite3.connect(given["steps"]["database"]["endpoint"]) as database:
    (count,) = database.execute("SELECT count(*) FROM customers").fetchone()
if not count:
    sys.exit("the database has no customer")
