#!/usr/bin/env python3
"""Scales, restarts and reads the logs of an application, with kubectl."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


class Application:
    """A Deployment, found by what the service's manifests gave."""

    def __init__(self, outputs: dict[str, str]) -> None:
        if "name" not in outputs:
            sys.exit("There is no application yet: create the service first.")
        self.name, self.namespace = outputs["name"], outputs["namespace"]

    def kubectl(self, *arguments: str) -> str:
        """Return what kubectl prints; end with what it says where it fails."""
        argv = ["kubectl", "--namespace", self.namespace, *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit((done.stderr + done.stdout).strip())
        return done.stdout

    def read(self, kind: str) -> Any:
        return json.loads(self.kubectl("get", kind, self.name, "--output", "json"))

    def await_pods(self) -> int:
        """Return how many pods are ready, once all are of the present kind."""
        self.kubectl("rollout", "status", f"deployment/{self.name}", "--timeout=180s")
        return int(self.read("deployment")["status"].get("readyReplicas", 0))

    def scale(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Set how many pods there are at least; the autoscaler goes on from there by load."""
        most = self.read("horizontalpodautoscaler")["spec"]["maxReplicas"]
        if asked["pods"] > most:
            sys.exit(f"{asked['pods']} pods are more than {most}: update `pods_most` first.")
        least = json.dumps({"spec": {"minReplicas": asked["pods"]}})
        self.kubectl("patch", "horizontalpodautoscaler", self.name, "--patch", least)
        if self.read("deployment")["spec"]["replicas"] < asked["pods"]:  # the autoscaler takes 15 s
            self.kubectl("scale", f"deployment/{self.name}", f"--replicas={asked['pods']}")
        return {"pods": self.await_pods()}

    def restart(self, _: dict[str, Any]) -> dict[str, Any]:
        """Replace pod after pod, without a moment in which none answers."""
        self.kubectl("rollout", "restart", f"deployment/{self.name}")
        return {"pods": self.await_pods()}

    def logs(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the last lines of each pod, and what Kubernetes warns of."""
        label, tail = f"app.kubernetes.io/name={self.name}", f"--tail={asked.get('lines', 20)}"
        lines = self.kubectl("logs", "--selector", label, tail, "--prefix", "--ignore-errors")
        about = ("--field-selector", "type=Warning", "--output", "json")
        events = json.loads(self.kubectl("get", "events", *about))["items"]
        warnings = {
            f"{each['involvedObject']['name']}: {each['reason']}: {each['message']}"
            for each in events
            if each["involvedObject"]["name"].startswith(f"{self.name}-")
        }
        return {"lines": lines.splitlines(), "warnings": sorted(warnings)}


def main() -> None:
    document = json.load(sys.stdin)
    app = Application(document.get("outputs") or {})
    perform = {"scale": app.scale, "restart": app.restart, "logs": app.logs}[sys.argv[1]]
    result = perform(document["parameters"])
    Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(result), encoding="utf-8")


main()
