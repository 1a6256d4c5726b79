#!/usr/bin/env python3
"""Draws the token that consumers show; another `token_version` draws a new one and revokes it.

With --plan it says what it would do.
"""

import json
import os
import secrets
import sys
from pathlib import Path

given = json.load(sys.stdin)
version = given["variables"].get("token_version", 1)
place = Path(given["steps"]["provision"]["root"]) / "token.json"
kept = json.loads(place.read_text()) if place.exists() else {"version": 0}
changes = []
if kept["version"] != version:
    verb = "replace" if kept["version"] else "create"
    changes.append({"address": f"token {version}", "verb": verb})
    kept = {"version": version, "token": secrets.token_urlsafe(24)}
if changes and "--plan" not in sys.argv:
    new = place.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(kept))
    new.replace(place)
result = {"token": kept["token"], "changes": changes}
Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))
