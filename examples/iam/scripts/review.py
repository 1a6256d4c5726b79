#!/usr/bin/env python3
"""Says who may do what in a project, who has left the company, and what is new.

The custom action `review`. Its result `seen` becomes the attribute of that name, where the next
review finds what this one saw.
"""

import json
import os
import sys
from pathlib import Path

from identities import list_groups

given = json.load(sys.stdin)
project, service = given["outputs"], given["service"]
people = set(Path("people.txt").read_text().split())
groups = list_groups(project)

may: dict[str, set[str]] = {}
persons: dict[str, str] = {}
for name, group in groups.items():
    for user, person in group["users"].items():
        persons[user] = person
        may.setdefault(user, set()).update(f"{grant} ({name})" for grant in group["grants"])
seen = sorted(f"{user}: {right}" for user, rights in may.items() for right in rights)

before = service["attributes"].get("seen")
if before is None:
    changed = ["this is the first review"]
else:
    changed = [f"new: {each}" for each in seen if each not in before]
    changed += [f"gone: {each}" for each in before if each not in seen]
leavers = sorted(user for user, person in persons.items() if person not in people)
by_hand = sorted(
    f"{name} grants {', '.join(groups[name]['grants']) if name in groups else 'nothing'},"
    f" was made with {', '.join(grants)}"
    for name, grants in project["groups"].items()
    if name not in groups or groups[name]["grants"] != grants
)

for title, lines in (
    ("may", seen),
    ("changed", changed),
    ("leavers", leavers),
    ("by hand", by_hand),
):
    for line in lines or ["none"]:
        print(f"{title:>8}  {line}")
result = {"seen": seen, "changed": changed, "leavers": leavers, "by_hand": by_hand}
Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))
