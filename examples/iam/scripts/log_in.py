#!/usr/bin/env python3
"""Logs in as the new member, and proves what she reaches and what not.

The last step of each create and update: where it fails, the action has failed.
"""

import json
import sys
import time

from identities import Login

GRANTS = ("read", "write", "deploy", "administer")  # nobody has the last one
SECONDS = 30  # an identity provider may take its time until a new key or group counts

given = json.load(sys.stdin)
project, user = given["service_outputs"], given["steps"]["user"]
expected = {grant for group in user["groups"] for grant in project["groups"][group]}
until = time.monotonic() + SECONDS
while True:
    try:
        login = Login(project, user["access_key"], user["secret_key"])
        reached = {grant for grant in GRANTS if login.can(grant)}
        wrong = [f"{grant} is missing" for grant in sorted(expected - reached)]
        wrong += [f"{grant} should not be" for grant in sorted(reached - expected)]
        if login.name != user["username"]:
            wrong.append(f"the key is {login.name}'s")
    except ValueError as error:
        wrong = [str(error)]
    if not wrong:
        break
    if time.monotonic() > until:
        sys.exit(f"{user['username']}: {'; '.join(wrong)}")
    time.sleep(1)
refused = ", ".join(grant for grant in GRANTS if grant not in reached)
print(f"{login.name} reaches {', '.join(sorted(reached))}; refused: {refused}")
