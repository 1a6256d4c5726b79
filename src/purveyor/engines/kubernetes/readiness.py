"""Whether an object on a cluster is what was asked of it, by the rules that kstatus uses.

They are those of sigs.k8s.io/cli-utils, `pkg/kstatus`: deletion and the observed generation first,
then `Reconciling` and `Stalled`, then a kind's own rules or the condition `Ready`; an object that
says nothing is current. `condition=Available` alone is no proof: it stays true while a broken
rollout is stuck behind old pods.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from purveyor.json_text import as_list, as_object, dig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from purveyor.json_text import JsonObject


class Readiness(StrEnum):
    CURRENT = "current"
    IN_PROGRESS = "in progress"
    FAILED = "failed"
    TERMINATING = "terminating"


class Judgement(NamedTuple):
    readiness: Readiness
    why: str = ""  # for people


_SCHEDULE = 15.0  # seconds that a pod may look for a node before that is a failure
_NO_DEADLINE = 2147483647  # what a deployment says that has none
_ALWAYS_CURRENT = ("batch/CronJob", "/ConfigMap", "/Secret", "policy/PodDisruptionBudget")
# By kind: it is not there yet while the first count is larger than the second.
_COUNTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "Deployment": (
        ("wanted", "replicas", "replicas exist"),
        ("wanted", "updatedReplicas", "replicas are of the new version"),
        ("replicas", "wanted", "replicas are to stay"),
        ("updatedReplicas", "availableReplicas", "new replicas are available"),
        ("wanted", "readyReplicas", "replicas are ready"),
    ),
    "StatefulSet": (
        ("wanted", "replicas", "replicas exist"),
        ("wanted", "readyReplicas", "replicas are ready"),
        ("replicas", "wanted", "replicas are to stay"),
    ),
    "ReplicaSet": (
        ("wanted", "fullyLabeledReplicas", "replicas are labelled"),
        ("wanted", "availableReplicas", "replicas are available"),
        ("wanted", "readyReplicas", "replicas are ready"),
        ("replicas", "wanted", "replicas are to stay"),
    ),
    "DaemonSet": (
        ("desiredNumberScheduled", "currentNumberScheduled", "pods are scheduled"),
        ("desiredNumberScheduled", "updatedNumberScheduled", "pods are of the new version"),
        ("desiredNumberScheduled", "numberAvailable", "pods are available"),
        ("desiredNumberScheduled", "numberReady", "pods are ready"),
    ),
}


def judge(document: JsonObject) -> Judgement:
    """Judge an object as the cluster returns it."""
    if dig(document, "metadata", "deletionTimestamp"):
        kept = ", ".join(map(str, as_list(dig(document, "metadata", "finalizers"))))
        why = f"it waits for the finalizer {kept}" if kept else "it is being deleted"
        return Judgement(Readiness.TERMINATING, why)
    asked = dig(document, "metadata", "generation")
    seen = dig(document, "status", "observedGeneration")
    if seen is not None and asked is not None and seen != asked:
        return _settle(f"generation {asked} is not yet observed")
    if told := _first_true(document, "Reconciling", "Stalled"):
        stalled = told["type"] == "Stalled"
        return Judgement(Readiness.FAILED if stalled else Readiness.IN_PROGRESS, say(told))
    group = str(document.get("apiVersion", "")).rpartition("/")[0]
    group = "apps" if group == "extensions" else group  # as it was called before
    rule = _RULES.get(f"{group}/{document.get('kind', '')}", _judge_ready)
    return rule(document)


def find_waiting(pod: JsonObject) -> list[JsonObject]:
    """Return what a pod's containers wait for: a reason and a message each."""
    statuses = as_list(dig(pod, "status", "containerStatuses"))
    states = (dig(each, "state", "waiting") for each in statuses)
    return [each for each in states if isinstance(each, dict)]


def say(condition: JsonObject) -> str:
    words = (str(condition.get(name) or "") for name in ("reason", "message"))
    return ": ".join(word for word in words if word)


def _judge_ready(document: JsonObject) -> Judgement:
    ready = _condition(document, "Ready")
    settled = not ready or ready.get("status") == "True"
    return _settle("" if settled else say(ready) or "it is not ready")


def _judge_deployment(document: JsonObject) -> Judgement:
    progressing = _condition(document, "Progressing")
    reason, holds = progressing.get("reason"), progressing.get("status") == "True"
    if reason == "ProgressDeadlineExceeded":
        return Judgement(Readiness.FAILED, say(progressing))
    if behind := _compare(document):
        return _settle(behind)
    # Without a deadline for its progress a deployment has no such condition.
    deadline = dig(document, "spec", "progressDeadlineSeconds")
    bound = isinstance(deadline, int) and deadline != _NO_DEADLINE
    if bound and not (holds and reason == "NewReplicaSetAvailable"):
        return _settle("its new replica set is not yet available")
    available = _condition(document, "Available").get("status") == "True"
    return _settle("" if available else "it is not available")


def _judge_stateful_set(document: JsonObject) -> Judgement:
    strategy, status = dig(document, "spec", "updateStrategy"), as_object(document.get("status"))
    if dig(strategy, "type") == "OnDelete":
        return _settle()
    if behind := _compare(document):
        return _settle(behind)
    counts = _count(document)
    partition = dig(strategy, "rollingUpdate", "partition")
    if isinstance(partition, int):
        updated, aim = counts("updatedReplicas"), counts("wanted") - partition
        return _settle(f"{updated} of {aim} replicas are updated" if updated < aim else "")
    if counts("wanted") > counts("currentReplicas"):
        return _settle("its replicas are not all of the current version")
    one = status.get("currentRevision") == status.get("updateRevision")
    return _settle("" if one else "its replicas are not all of the new version")


def _judge_replica_set(document: JsonObject) -> Judgement:
    if failure := _first_true(document, "ReplicaFailure"):
        return _settle(say(failure) or "its replicas cannot be made")
    return _settle(_compare(document))


def _judge_daemon_set(document: JsonObject) -> Judgement:
    status = as_object(document.get("status"))
    known = dig(document, "metadata", "generation") is not None
    if not known or not {"observedGeneration", "desiredNumberScheduled"} <= status.keys():
        return _settle("its pods are not yet counted")
    return _settle(_compare(document))


def _judge_job(document: JsonObject) -> Judgement:
    """A job is current once it runs: kstatus asks whether the cluster has taken it."""
    over = _first_true(document, "Complete", "Failed") or {}
    if over.get("type") == "Failed":
        return Judgement(Readiness.FAILED, say(over))
    started = over or dig(document, "status", "startTime")
    return _settle("" if started else "it has not started")


def _judge_pod(document: JsonObject) -> Judgement:
    phase = dig(document, "status", "phase")
    ready = bool(_first_true(document, "Ready"))
    if phase in {"Succeeded", "Failed"} or (phase == "Running" and ready):
        return _settle()
    waiting = find_waiting(document)
    looping = [each for each in waiting if each.get("reason") == "CrashLoopBackOff"]
    if phase == "Running" and looping:
        return Judgement(Readiness.FAILED, say(looping[0]))
    scheduled = _condition(document, "PodScheduled")
    if phase == "Pending" and scheduled.get("status") == "False":
        late = scheduled.get("reason") == "Unschedulable" and _age(document) > _SCHEDULE
        return Judgement(Readiness.FAILED if late else Readiness.IN_PROGRESS, say(scheduled))
    return _settle(say(waiting[0]) if waiting else "its containers are not ready")


def _judge_service(document: JsonObject) -> Judgement:
    spec = as_object(document.get("spec"))
    waits = spec.get("type") == "LoadBalancer" and not spec.get("clusterIP")
    return _settle("it has no address yet" if waits else "")


def _judge_claim(document: JsonObject) -> Judgement:
    phase = dig(document, "status", "phase")
    return _settle("" if phase == "Bound" else f"it is not bound ({phase or 'no phase yet'})")


def _judge_definition(document: JsonObject) -> Judgement:
    for each in _conditions(document):
        kind, status = each.get("type"), each.get("status")
        if kind == "Established" and status == "True":
            return _settle()
        installing = kind == "Established" and each.get("reason") == "Installing"
        if kind in {"NamesAccepted", "Established"} and status == "False" and not installing:
            return Judgement(Readiness.FAILED, say(each))
    return _settle("it is being installed")


def _conditions(document: JsonObject) -> Iterator[JsonObject]:
    yield from map(as_object, as_list(dig(document, "status", "conditions")))


def _condition(document: JsonObject, kind: str) -> JsonObject:
    return next((each for each in _conditions(document) if each.get("type") == kind), {})


def _first_true(document: JsonObject, *kinds: str) -> JsonObject | None:
    """Return the condition that holds among these; the first in the object's own order."""
    holding = (each for each in _conditions(document) if each.get("status") == "True")
    return next((each for each in holding if each.get("type") in kinds), None)


def _count(document: JsonObject) -> Callable[[str], int]:
    def count(name: str) -> int:
        wanted = name == "wanted"
        found = dig(document, *(("spec", "replicas") if wanted else ("status", name)))
        return found if isinstance(found, int) else int(wanted)

    return count


def _compare(document: JsonObject) -> str:
    counts = _count(document)
    for more, less, words in _COUNTS[str(document["kind"])]:
        if counts(more) > counts(less):
            return f"{counts(less)} of {counts(more)} {words}"
    return ""


def _settle(why: str = "") -> Judgement:
    """Return that it is current, or why it is not."""
    return Judgement(Readiness.IN_PROGRESS if why else Readiness.CURRENT, why)


def _age(document: JsonObject) -> float:
    made = dig(document, "metadata", "creationTimestamp")
    if not isinstance(made, str):
        return 0.0
    return (datetime.now(UTC) - datetime.fromisoformat(made)).total_seconds()


_RULES: Mapping[str, Callable[[JsonObject], Judgement]] = {
    "apps/Deployment": _judge_deployment,
    "apps/StatefulSet": _judge_stateful_set,
    "apps/ReplicaSet": _judge_replica_set,
    "apps/DaemonSet": _judge_daemon_set,
    "batch/Job": _judge_job,
    "/Pod": _judge_pod,
    "/Service": _judge_service,
    "/PersistentVolumeClaim": _judge_claim,
    "apiextensions.k8s.io/CustomResourceDefinition": _judge_definition,
    **dict.fromkeys(_ALWAYS_CURRENT, lambda _: _settle()),
}
