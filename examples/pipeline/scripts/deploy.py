#!/usr/bin/env python3
"""Brings the release to one node after the other, and stops at the first that does not take it.

Each node: start the new release without traffic, drain the old one, switch, stop the old one,
check. Until the switch a fault, or a cancellation, lets the node go on with the old release.
A second run goes on where one ended: a node that runs the release, and carries traffic, is left
alone. With --plan it says what it would do; with --undo it stops all nodes.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent.parent
SECONDS = 30
cancelled = threading.Event()


class BadNodeError(Exception):
    """Why the deployment does not go on."""


def cancel(*_):
    cancelled.set()


def await_(what, done, seconds=SECONDS):
    """Wait until something is done; give up when time is over or the run is cancelled."""
    ends = time.monotonic() + seconds
    while not done():
        if cancelled.is_set():
            raise BadNodeError(f"the deployment was cancelled while {what}")
        if time.monotonic() > ends:
            raise BadNodeError(f"after {seconds} seconds it is still {what}")
        time.sleep(0.05)


def read(path):
    return json.loads(path.read_text()) if path.exists() else None


def write(path, value):
    path.with_suffix(".new").write_text(json.dumps(value))
    path.with_suffix(".new").replace(path)


def ask(port, path, method="GET", body=None):
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", method=method, data=body and json.dumps(body).encode()
    )
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, json.loads(answer.read() or "{}")
    except urllib.error.HTTPError as error:
        return error.code, {}
    except OSError:
        return 0, {}


def answers(process):
    """Tell whether the process that is meant still listens, and no later one with its id."""
    return ask(process["port"], "/health")[1].get("pid") == process["pid"]


def stop(process):
    if process and answers(process):
        os.kill(process["pid"], signal.SIGTERM)
        while answers(process):
            time.sleep(0.02)


class Node:
    def __init__(self, name, folder, control):
        self.name, self.folder, self.control = name, Path(folder), control

    def running(self):
        """Return what runs here: its release, port and process."""
        found = read(self.folder / "running.json")
        return found if found and answers(found) else None

    def release_in_traffic(self):
        """Return the release that consumers meet here; None while no traffic comes."""
        found = self.running()
        traffic = ask(self.control, "/")[1].get(self.name, {"draining": True})
        if found and not traffic["draining"] and traffic["port"] == found["port"]:
            return found["release"]
        return None

    def deploy(self, release):
        old, new = self.running(), None
        try:
            if old is None or old["release"] != release:
                new = self.start(release)
                if old:
                    self.drain()
        except BadNodeError:
            stop(new)
            if old:
                self.let_traffic_in(old)
            raise
        if new:
            write(self.folder / "running.json", {**new, "before": old and {**old, "before": None}})
        running = self.running()
        self.let_traffic_in(running)
        stop(running.get("before"))
        try:
            self.check(running, self.folder / "releases" / release / "log")
        except BadNodeError:
            self.drain()  # there is no way back: the old release is stopped
            raise
        self.say(f"carries traffic with {release}")

    def start(self, release):
        self.say(f"starts {release} without traffic")
        candidate = self.folder / "candidate.json"
        left = read(candidate)  # by a deployment that was killed
        if left and left["pid"] != (self.running() or {}).get("pid"):
            stop(left)
        candidate.unlink(missing_ok=True)
        place = self.folder / "releases" / release
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "app/serve.py", place)
        shutil.copy(HERE / "releases" / f"{release}.json", place)
        with (place / "log").open("w") as log:
            child = subprocess.Popen(
                [sys.executable, place / "serve.py", self.name, place / f"{release}.json"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            await_("starting", lambda: candidate.exists() or child.poll() is not None)
            self.check(read(candidate), place / "log")
        except BadNodeError:
            child.terminate()
            child.wait()
            raise
        return read(candidate)

    def check(self, process, log):
        """Look at the node as a monitor would: its errors, its health, who is let in."""
        if process is None or "Traceback" in log.read_text():
            raise BadNodeError(log.read_text().strip().split("\n")[-1])
        status, health = ask(process["port"], "/health")
        if (status, health.get("release")) != (200, process["release"]):
            raise BadNodeError(f"/health answers {status} {health}")
        if ask(process["port"], "/orders")[0] != 401:
            raise BadNodeError("it lets consumers without a token in")

    def drain(self):
        ask(self.control, f"/{self.name}", "DELETE")

        def in_flight():
            return ask(self.control, "/")[1].get(self.name, {}).get("in_flight", 0)

        self.say(f"drains {in_flight()} requests")
        await_("draining", lambda: not in_flight())

    def let_traffic_in(self, process):
        if ask(self.control, f"/{self.name}", "PUT", {"port": process["port"]})[0] != 204:
            raise BadNodeError("the balancer does not take it")

    def end(self):
        self.drain()
        stop(self.running())
        stop(read(self.folder / "candidate.json"))

    def say(self, what):
        print(f"{self.name}: {what}", flush=True)


def tell(nodes):
    """Say which release consumers meet on which nodes."""
    found = {}
    for each in nodes:
        found.setdefault(each.release_in_traffic() or "no release", []).append(each.name)
    return "; ".join(f"{release} on {', '.join(names)}" for release, names in found.items())


def give(result):
    Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result))


def main():
    given = json.load(sys.stdin)
    provision = given["steps"].get("provision", {})
    if "root" not in provision:
        return  # a create was broken off before there were nodes
    control = read(Path(provision["root"]) / "balancer.json")["control"]
    by_number = sorted(provision["nodes"].items(), key=lambda each: (len(each[0]), each[0]))
    nodes = [Node(name, folder, control) for name, folder in by_number]
    if "--undo" in sys.argv:
        for node in nodes:
            node.end()
        return
    release = given["variables"]["release"]
    changes = []
    for node in nodes:
        if node.release_in_traffic() == release:
            continue
        verb = "update" if node.running() else "create"
        changes.append({"address": node.name, "type": "node", "verb": verb})
        if "--plan" in sys.argv:
            continue
        try:
            node.deploy(release)
        except BadNodeError as error:
            give({"message": f"{node.name} does not take {release}: {error}. {tell(nodes)}."})
            sys.exit(1)
    give({"changes": changes})


if __name__ == "__main__":
    signal.signal(signal.SIGINT, cancel)
    main()
