"""The control plane that tests have: all is real but the nodes, whose pods only play."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text

if TYPE_CHECKING:
    from cluster_fixtures import Cluster


def deployment(name: str, image: str) -> str:
    labels = {"app": name}
    wanted = {"name": "c", "image": image, "resources": {"requests": {"cpu": "100m"}}}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [wanted]}}
    spec: Any = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}}
    return json_text.write({**head, "spec": spec})


def await_pods(cluster: Cluster, label: str) -> list[Any]:
    """Return the pods that have the label, once the double has looked after both."""
    for _ in range(300):
        pods: list[Any] = cluster.list("pods", "-l", label)
        if len([pod for pod in pods if "containerStatuses" in pod["status"]]) == 2:
            return pods
        time.sleep(0.05)
    raise AssertionError(f"no pods of {label}")


def await_warnings(cluster: Cluster, count: int) -> list[Any]:
    told: list[Any] = []
    for _ in range(100):
        told = cluster.list("events", "--field-selector", "type=Warning")
        if len(told) == count:
            break
        time.sleep(0.05)
    return told


def test_a_deployment_becomes_ready_and_its_pods_have_logs(cluster: Cluster) -> None:
    cluster.apply(deployment("web", "example.com/web:1"))
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    log = cluster.kubectl("logs", "deployment/web", "--tail", "1")
    assert log.stdout == "c: example.com/web:1 listens\n"


@pytest.mark.parametrize(
    ("tag", "phase", "reason", "event"),
    [
        ("broken", "Pending", "ImagePullBackOff", "Failed"),
        ("crash", "Running", "CrashLoopBackOff", "BackOff"),
        ("slow", "Pending", "ContainerCreating", ""),
    ],
)
def test_a_bad_image_tag_keeps_pods_from_being_ready(
    cluster: Cluster, tag: str, phase: str, reason: str, event: str
) -> None:
    cluster.apply(deployment("web", f"example.com/web:{tag}"))
    pods = await_pods(cluster, "app=web")
    assert {pod["status"]["phase"] for pod in pods} == {phase}
    [status] = pods[0]["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == reason
    told = await_warnings(cluster, 2 if event else 0)
    assert {each["reason"] for each in told} == ({event} if event else set())


def test_deleted_pods_are_gone(cluster: Cluster) -> None:
    cluster.apply(deployment("web", "example.com/web:1"))
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=20s")
    cluster.kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=20s")
    assert cluster.list("pods") == []


@pytest.mark.slow
def test_pods_are_added_by_load(cluster: Cluster) -> None:
    cluster.apply(deployment("web", "example.com/web:1"))
    cluster.put_load(150)
    limits = ("--min=1", "--max=5", "--cpu=50%")
    cluster.kubectl("autoscale", "deployment", "web", *limits)
    for _ in range(200):
        if cluster.get("deployment", "web")["status"].get("readyReplicas") == 3:
            return
        time.sleep(0.1)
    raise AssertionError(cluster.kubectl("describe", "hpa", "web").stdout)


@pytest.mark.slow
@pytest.mark.parametrize(("tag", "condition"), [("1", "complete"), ("crash", "failed")])
def test_a_job_ends_as_its_tag_says(cluster: Cluster, tag: str, condition: str) -> None:
    pod = {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": f"example.com/job:{tag}"}],
    }
    spec: Any = {"backoffLimit": 0, "template": {"spec": pod}}
    head = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    cluster.apply(json_text.write({**head, "spec": spec}))
    cluster.kubectl("wait", "job/once", f"--for=condition={condition}", "--timeout=20s")


@pytest.mark.slow
def test_a_late_pod_is_ready_in_the_end(cluster: Cluster) -> None:
    cluster.apply(deployment("web", "example.com/web:late"))
    [status] = await_pods(cluster, "app=web")[0]["status"]["containerStatuses"]
    assert not status["ready"]
    cluster.kubectl("rollout", "status", "deployment/web", "--timeout=20s")


@pytest.mark.slow
def test_a_failing_probe_is_told(cluster: Cluster) -> None:
    cluster.apply(deployment("web", "example.com/web:unready"))
    await_pods(cluster, "app=web")
    assert {each["reason"] for each in await_warnings(cluster, 2)} == {"Unhealthy"}
    assert "readyReplicas" not in cluster.get("deployment", "web")["status"]
