#!/usr/bin/env python3
"""Finds a service as its consumers do: by its name in discovery. Fails where it is not found.

It is the last step of each create and update, and the custom action `look-up`.
"""

import json
import os
import sys
from pathlib import Path

given = json.load(sys.stdin)
# A step gets what the module gave under its step's name, a custom action as the state's outputs.
made = next(iter(given["steps"].values())) if "steps" in given else given["outputs"]
name = made["discovered_as"].removesuffix(".service.consul")
entry = Path(made["consul"]) / f"{name}.json"
if not entry.is_file():
    sys.exit(f"{made['discovered_as']} is not registered: look for {entry}")
found = json.loads(entry.read_text())["Service"]
if (found["Address"], found["Port"]) != (made["address"], made["port"]):
    sys.exit(f"{made['discovered_as']} leads to {found['Address']}:{found['Port']}")
print(f"{made['discovered_as']} leads to {found['Address']}:{found['Port']}")
result = {"leads_to": f"{found['Address']}:{found['Port']}", "tags": ", ".join(found["Tags"])}
Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))
