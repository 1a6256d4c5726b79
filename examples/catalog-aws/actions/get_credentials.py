"""Hands out a database user's credentials.

A custom action's program reads one JSON document from standard input and writes one JSON object,
the action's result, into the file that PURVEYOR_RESULT names. What it prints is shown in the log.
"""

import json
import os
import sys
from pathlib import Path

document = json.load(sys.stdin)
user, database = document.get("outputs") or {}, document.get("service_outputs") or {}
if "password" not in user:
    sys.exit("The user has no password yet: create the link first.")

result = {
    "username": user["username"],
    "password": user["password"],
    "endpoint": database.get("endpoint"),
    "port": database.get("port"),
}
Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result), encoding="utf-8")
print("The credentials are in the action's result.")
