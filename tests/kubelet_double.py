"""A double of the kubelet, from Kubernetes' documentation: pods run in name only.

What becomes of a pod goes by its images' tags: see `FATES`. Its log is what the annotation
`double.test/log` says, else one line of ours. Laid out after kubernetes.io, "Pod Lifecycle",
"Kubelet" and "Communication between Nodes and the Control Plane".
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from kubernetes_api import KubernetesApi

NODES = ("node-1", "node-2")
FATES = {
    "broken": "its image cannot be pulled: ImagePullBackOff, with a warning as event",
    "crash": "it ends again and again: CrashLoopBackOff, with a warning; in a job it fails",
    "slow": "it is Pending for ever: ContainerCreating",
    "unready": "it runs, and its readiness probe fails, with a warning",
    "late": "it is ready after two seconds, where others are at once",
}
_LATE_SECONDS = 2.0
_LOG = re.compile(r"/containerLogs/([^/]+)/([^/]+)/([^/]+)")


def pod_status(pod: Any, now: float) -> dict[str, Any]:
    """Say how a pod that was placed stands; the same whenever it is asked, but for `late`."""
    meta, spec = pod["metadata"], pod["spec"]
    since = meta["creationTimestamp"]
    in_job = any(owner["kind"] == "Job" for owner in meta.get("ownerReferences", ()))
    containers = [
        _container(each, _fate(each["image"], since, now), since, spec, in_job=in_job)
        for each in spec["containers"]
    ]
    phase = "Failed" if meta.get("deletionTimestamp") else _phase(containers)
    return {
        "phase": phase,
        "hostIP": "127.0.0.1",
        "podIP": "10.244.0.1",
        "podIPs": [{"ip": "10.244.0.1"}],
        "startTime": since,
        "conditions": _conditions(pod, containers, phase, since),
        "initContainerStatuses": [
            _status(each, since, {"terminated": _ended(0, since)}, ready=True)
            for each in spec.get("initContainers", ())
        ],
        "containerStatuses": containers,
    }


def _fate(image: str, since: str, now: float) -> str:
    tag = image.rpartition(":")[2]
    if tag == "late":
        born = time.mktime(time.strptime(since, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        return "slow" if now - born < _LATE_SECONDS else ""
    return tag if tag in FATES else ""


def _container(each: Any, fate: str, since: str, spec: Any, *, in_job: bool) -> dict[str, Any]:
    image, name = each["image"], each["name"]
    match fate:
        case "broken":
            said = f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'
            return _status(each, since, _waiting("ImagePullBackOff", said))
        case "crash" if in_job and spec.get("restartPolicy") == "Never":
            return _status(each, since, {"terminated": _ended(1, since)})
        case "crash":
            said = f"back-off 40s restarting failed container={name}"
            status = _status(each, since, _waiting("CrashLoopBackOff", said))
            return {**status, "restartCount": 3, "lastState": {"terminated": _ended(1, since)}}
        case "slow":
            return _status(each, since, _waiting("ContainerCreating", ""))
        case _:
            state = (
                {"terminated": _ended(0, since)} if in_job else {"running": {"startedAt": since}}
            )
            return _status(each, since, state, ready=not in_job and fate != "unready")


def _status(each: Any, since: str, state: Any, *, ready: bool = False) -> dict[str, Any]:
    started = "running" in state
    number = f"double://{each['name']}/{since}"
    about = {"name": each["name"], "image": each["image"], "imageID": each["image"]}
    return {
        **about,
        "containerID": number if "waiting" not in state else "",
        "ready": ready,
        "started": started,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def _waiting(reason: str, message: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def _ended(code: int, since: str) -> dict[str, Any]:
    reason = "Error" if code else "Completed"
    return {"exitCode": code, "reason": reason, "startedAt": since, "finishedAt": since}


def _phase(containers: list[dict[str, Any]]) -> str:
    states = [each["state"] for each in containers]
    if all("terminated" in each for each in states):
        return "Failed" if any(each["terminated"]["exitCode"] for each in states) else "Succeeded"
    reasons = {each["waiting"]["reason"] for each in states if "waiting" in each}
    return "Pending" if reasons - {"CrashLoopBackOff"} else "Running"


def _conditions(pod: Any, containers: list[dict[str, Any]], phase: str, since: str) -> list[Any]:
    unready = [each["name"] for each in containers if not each["ready"]]
    why: dict[str, Any] = {}
    if phase in {"Succeeded", "Failed"}:
        why = {"reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        said = f"containers with unready status: [{' '.join(unready)}]"
        why = {"reason": "ContainersNotReady", "message": said}
    ours = {"PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"}
    others = [c for c in pod.get("status", {}).get("conditions", ()) if c["type"] not in ours]
    gates = {gate["conditionType"] for gate in pod["spec"].get("readinessGates", ())}
    shut = gates - {c["type"] for c in others if c["status"] == "True"}
    if shut and not why:
        said = f'corresponding condition of pod readiness gate "{min(shut)}" does not exist.'
        gated = {"reason": "ReadinessGatesNotReady", "message": said}
    else:
        gated = why
    return [
        *others,
        _condition("PodReadyToStartContainers", {}, since),
        _condition("Initialized", {}, since),
        _condition("ContainersReady", why, since),
        _condition("Ready", gated, since),
    ]


def _condition(kind: str, why: dict[str, Any], since: str) -> dict[str, Any]:
    status = "False" if why else "True"
    return {"type": kind, "status": status, "lastTransitionTime": since, **why}


def pod_log(pod: Any, container: str) -> list[str]:
    """Return the lines that a container has written."""
    said = pod["metadata"].get("annotations", {}).get("double.test/log")
    if said is not None:
        return str(said).rstrip("\n").split("\n")
    [image] = [c["image"] for c in pod["spec"]["containers"] if c["name"] == container]
    if image.endswith(":crash"):
        return [f"{container}: starting {image}", f"{container}: fatal: no database to talk to"]
    return [f"{container}: {image} listens"]


@dataclass(slots=True)
class KubeletDouble:
    """All nodes' kubelets in one process; they keep pods as the API server tells them to."""

    api: KubernetesApi

    def run(self) -> None:
        """Serve logs, make the nodes, then go by the pods until the process ends."""
        server = self._serve()
        for name in NODES:
            self._make_node(name, server.server_address[1])
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for pod in self.api.watch("/api/v1/pods?fieldSelector=spec.nodeName!="):
                    self._keep(pod)

    def _keep(self, pod: Any) -> None:
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if pod["spec"].get("nodeName") not in NODES:
            return
        before = pod.get("status", {})
        after = pod_status(pod, time.time())
        if any(before.get(key, []) != value for key, value in after.items()):
            kept = self.api.call("PATCH", f"{path}/status", {"status": after}, _MERGE)
            if kept and not meta.get("deletionTimestamp"):
                self._warn(pod, before, after)
        if meta.get("deletionTimestamp"):
            gone = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
            self.api.call("DELETE", path, gone)
        elif after["phase"] == "Pending" and any(
            each["image"].endswith(":late") for each in pod["spec"]["containers"]
        ):
            threading.Timer(_LATE_SECONDS, self._keep_again, (path,)).start()

    def _keep_again(self, path: str) -> None:
        pod = self.api.call("GET", path)
        if pod is not None:
            self._keep(pod)

    def _warn(self, pod: Any, before: Any, after: Any) -> None:
        known = {each["image"] for each in before.get("containerStatuses", ())}
        for each in after["containerStatuses"]:
            waiting = each["state"].get("waiting", {})
            if each["image"] in known:
                continue
            match waiting.get("reason"):
                case "ImagePullBackOff":
                    self._tell(pod, "Failed", f'Failed to pull image "{each["image"]}": not found')
                case "CrashLoopBackOff":
                    self._tell(
                        pod, "BackOff", f"Back-off restarting failed container {each['name']}"
                    )
                case None if "running" in each["state"] and not each["ready"]:
                    said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
                    self._tell(pod, "Unhealthy", said)

    def _tell(self, pod: Any, reason: str, message: str) -> None:
        meta = pod["metadata"]
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        about = {key: meta[key] for key in ("namespace", "name", "uid", "resourceVersion")}
        event = {
            "metadata": {"generateName": f"{meta['name']}."},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", **about},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self.api.call("POST", f"/api/v1/namespaces/{meta['namespace']}/events", event)

    def _make_node(self, name: str, port: int) -> None:
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        node = {"metadata": {"name": name, "labels": labels}}
        self.api.call("POST", "/api/v1/nodes", node)
        room = {"cpu": "64", "memory": "256Gi", "pods": "1000", "ephemeral-storage": "1Ti"}
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        seen = {"lastHeartbeatTime": now, "lastTransitionTime": now}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", **seen}
        status = {
            "capacity": room,
            "allocatable": room,
            "conditions": [{**ready, "message": "kubelet is posting ready status"}],
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        self.api.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, _MERGE)

    def _serve(self) -> http.server.ThreadingHTTPServer:
        api = self.api

        class Logs(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                found = _LOG.fullmatch(asked.path)
                place = found and f"/api/v1/namespaces/{found[1]}/pods/{found[2]}"
                pod = api.call("GET", place) if place else None
                lines = pod_log(pod, found[3]) if found and pod else []
                [tail] = parse_qs(asked.query).get("tailLines", [str(len(lines))])
                text = "".join(f"{line}\n" for line in lines[max(0, len(lines) - int(tail)) :])
                self.send_response(200 if pod else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Logs)
        server.socket = api.certificate.context().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


_MERGE = "merge-patch+json"
