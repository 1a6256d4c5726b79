"""A double of the kubelet, from Kubernetes' documentation: pods run in name only.

What becomes of a pod goes by its images' tags: see `pod_double.FATES`. It gives the metrics, too:
the load that the namespace's annotation `double.test/load` tells, in millicores, is shared by its
running pods. Laid out after kubernetes.io, "Communication between Nodes and the Control Plane" and
"Resource metrics pipeline".
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
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from pod_double import LATE_SECONDS, pod_log, pod_status
from purveyor import json_text

if TYPE_CHECKING:
    from kubernetes_api import KubernetesApi

NODES = ("node-1", "node-2")
_LOG = re.compile(r"/containerLogs/([^/]+)/([^/]+)/([^/]+)")
_METRICS = "metrics.k8s.io/v1beta1"
_USAGE = re.compile(rf"/apis/{_METRICS}/namespaces/([^/]+)/pods")


@dataclass(slots=True)
class KubeletDouble:
    """All nodes' kubelets in one process; they keep pods as the API server tells them to."""

    api: KubernetesApi

    def run(self) -> None:
        """Serve, make the nodes, then go by the pods until the process ends."""
        port = self._serve()
        for name in NODES:
            self._make_node(name, port)
        self._register_metrics(port)
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
            threading.Timer(LATE_SECONDS, self._keep_again, (path,)).start()

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
        now = _now()
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
        seen = {"lastHeartbeatTime": _now(), "lastTransitionTime": _now()}
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

    def _serve(self) -> int:
        """Answer what the API server asks kubelets and metrics; return the port."""
        answer = self._answer

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = answer(urlsplit(self.path))
                text = found if isinstance(found, str) else json_text.write(found)
                self.send_response(404 if found is None else 200)
                kind = "text/plain" if isinstance(found, str) else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = self.api.certificate.context().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_address[1])

    def _answer(self, asked: SplitResult) -> Any:
        query = parse_qs(asked.query)
        if found := _LOG.fullmatch(asked.path):
            pod = self.api.call("GET", f"/api/v1/namespaces/{found[1]}/pods/{found[2]}")
            lines = pod_log(pod, found[3]) if pod else []
            [tail] = query.get("tailLines", [str(len(lines))])
            text = "".join(f"{line}\n" for line in lines[max(0, len(lines) - int(tail)) :])
            return text if pod else None
        if found := _USAGE.fullmatch(asked.path):
            return self._measure(found[1], query.get("labelSelector", [""])[0])
        if asked.path == f"/apis/{_METRICS}":
            kind = {"name": "pods", "namespaced": True, "kind": "PodMetrics", "verbs": ["list"]}
            head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": _METRICS}
            return {**head, "resources": [kind]}
        return None

    def _measure(self, namespace: str, selector: str) -> Any:
        place = f"/api/v1/namespaces/{namespace}"
        told = self.api.call("GET", place)["metadata"].get("annotations", {})
        pods = self.api.call("GET", f"{place}/pods?labelSelector={quote(selector)}")["items"]
        running = [pod for pod in pods if pod.get("status", {}).get("phase") == "Running"]
        share = int(told.get("double.test/load", "0")) // max(1, len(running))
        usage = {"cpu": f"{share}m", "memory": "64Mi"}
        seen = {"timestamp": _now(), "window": "1s"}
        items = [
            {
                "metadata": {"name": pod["metadata"]["name"], "namespace": namespace},
                **seen,
                "containers": [
                    {"name": c["name"], "usage": usage} for c in pod["spec"]["containers"]
                ],
            }
            for pod in running
        ]
        return {"kind": "PodMetricsList", "apiVersion": _METRICS, "metadata": {}, "items": items}

    def _register_metrics(self, port: int) -> None:
        """Have the API server hand on what it is asked about metrics."""
        spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        service = {"metadata": {"name": "metrics"}, "spec": spec}
        self.api.call("POST", "/api/v1/namespaces/kube-system/services", service)
        group, _, version = _METRICS.partition("/")
        priority = {"groupPriorityMinimum": 100, "versionPriority": 100}
        served = {
            "service": {"namespace": "kube-system", "name": "metrics", "port": port},
            "group": group,
            "version": version,
            "insecureSkipTLSVerify": True,
            **priority,
        }
        registered = {"metadata": {"name": f"{version}.{group}"}, "spec": served}
        self.api.call("POST", "/apis/apiregistration.k8s.io/v1/apiservices", registered)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


_MERGE = "merge-patch+json"
