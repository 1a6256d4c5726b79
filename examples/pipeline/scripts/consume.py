#!/usr/bin/env python3
"""Uses the service as a consumer: finds it by its name, shows the token, and reads the orders."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

given = json.load(sys.stdin)
root = Path(given["steps"]["provision"]["root"])
entry = root.parent / "discovery" / f"{given['steps']['integrate']['name']}.json"
address = json.loads(entry.read_text())["address"]
release = given["variables"]["release"]


def read_orders(token):
    shown = {"Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(f"{address}/orders", headers=shown)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


seen, nodes = {}, given["steps"]["provision"]["nodes"]
while seen.keys() != nodes.keys():  # other consumers take turns, too; `timeout` ends this
    answer = read_orders(given["steps"]["secure"]["token"])
    seen[answer["node"]] = answer["release"]
if set(seen.values()) != {release}:
    sys.exit(f"consumers should meet {release} everywhere, and meet {seen}")
try:
    read_orders("guessed")
    sys.exit("a consumer with a wrong token is let in")
except urllib.error.HTTPError as error:
    if error.code != 401:
        sys.exit(f"a wrong token is answered by {error.code}")
print(f"{address} serves {release} on {len(seen)} nodes")
