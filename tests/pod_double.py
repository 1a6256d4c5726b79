"""What the kubelets' double makes of a pod, by its images' tags; from Kubernetes' "Pod Lifecycle".

A container's log is what the pod's annotation `double.test/log` says, else one line of ours.
"""

from __future__ import annotations

import time
from typing import Any

FATES = {
    "broken": "its image cannot be pulled: ImagePullBackOff, with a warning as event",
    "crash": "it ends again and again: CrashLoopBackOff, with a warning; in a job it fails",
    "slow": "it is Pending for ever: ContainerCreating",
    "unready": "it runs, and its readiness probe fails, with a warning",
    "late": "it is ready after two seconds, where others are at once",
}
LATE_SECONDS = 2.0


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
        return "slow" if now - born < LATE_SECONDS else ""
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
