#!/usr/bin/env python3
"""Tells service discovery where the service is; a folder stands in for Consul, or for DNS.

With --plan it says what it would do; with --undo it takes the entry away.
"""

import json
import os
import sys
from pathlib import Path

given = json.load(sys.stdin)
provision = given["steps"].get("provision", {})
if "root" in provision:
    name = given["service"]["slug"]
    entry = Path(provision["root"]).parent / "discovery" / f"{name}.json"
    if "--undo" in sys.argv:
        entry.unlink(missing_ok=True)
    else:
        before = entry.read_text() if entry.exists() else ""
        now = json.dumps({"service": given["service"]["id"], "address": provision["address"]})
        owner = json.loads(before)["service"] if before else given["service"]["id"]
        if owner != given["service"]["id"]:
            sys.exit(f"{name} is registered already, by the service {owner}")
        if "--plan" not in sys.argv:
            entry.parent.mkdir(parents=True, exist_ok=True)
            entry.write_text(now)
        verb = "update" if before else "create"
        changes = [] if before == now else [{"address": f"discovery {name}", "verb": verb}]
        result = {"name": name, "changes": changes}
        Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))
