#!/usr/bin/env python3
"""Logs in as the pipeline, by the host key that was handed on, and sees that keys alone let in."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

given = json.load(sys.stdin)
(host,) = given["steps"]["machine"]["hosts"].values()
address = urlsplit(given["steps"]["machine"]["address"])
key = Path(__file__).parent.parent / "keys/automation"


def log_in(known, *options):
    user = [f"-l{host['ansible_user']}"] if "ansible_user" in host else []
    done = subprocess.run(
        [
            *("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
            *("-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={known}"),
            *(*options, "-p", str(address.port), *user, str(address.hostname)),
            f"cat {host['root']}/etc/hostname",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


with tempfile.NamedTemporaryFile("w", suffix=".known") as known:
    known.write(f"[{address.hostname}]:{address.port} {given['steps']['secure']['host_key']}\n")
    known.flush()
    code, said = log_in(known.name, "-o", "IdentitiesOnly=yes", "-i", str(key))
    if code:
        sys.exit(f"the pipeline cannot log in: {said}")
    print(f"logged in to {said}")
    code, said = log_in(known.name, "-o", "PreferredAuthentications=none")
    if code == 0 or not said.endswith("(publickey)."):
        sys.exit(f"more than keys lets in: {said}")
