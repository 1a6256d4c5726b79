"""Waits until objects are what was asked of them, or gone; says what keeps one from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.engines.kubernetes.cluster import ClusterError, side_by_side
from purveyor.engines.kubernetes.readiness import Judgement, Readiness, find_waiting, judge, say
from purveyor.errors import CancelledError, EngineError
from purveyor.json_text import as_list, as_object, dig
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from purveyor.engines.kubernetes.cluster import Cluster, Item
    from purveyor.json_text import JsonObject
    from purveyor.process import Interruption
    from purveyor.step import Listen

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_LOG_LINES = 10
_MOST_PODS = 3
_MOST_EVENTS = 5


class Waiting:
    """Waits for objects of one cluster, at most `seconds` each time."""

    def __init__(
        self, cluster: Cluster, seconds: float, interruption: Interruption, listen: Listen
    ) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._interruption = interruption
        self._listen = listen

    def until_current(self, items: Sequence[Item], found: dict[str, JsonObject]) -> None:
        """Keep in `found` what is there, which may hold it; raise EngineError, CancelledError."""

        def look(item: Item) -> Judgement:
            found[item.key] = self._cluster.read(item.path) or {}
            if not found[item.key]:
                return Judgement(Readiness.FAILED, "it is gone")
            return judge(found[item.key])

        rest = [i for i in items if judge(found[i.key]).readiness is not Readiness.CURRENT]
        over = self._attend(rest, look)
        if over:
            late = any(each.readiness is not Readiness.FAILED for each in over.values())
            within = f" within {self._seconds:g} seconds" if late else ""
            told = [f"{key}: {each.why}" for key, each in over.items()]
            reasons = [line for i in items if i.key in over for line in self._explain(i)]
            first = f" ({reasons[0]})" if reasons else ""
            key, judgement = next(iter(over.items()))
            raise EngineError(
                f"{key} did not become ready{within}: {judgement.why}{first}.",
                details=[*told, *reasons],
                hint="What was applied stays: correct what the details name, and start the action"
                " again.",
            )

    def until_gone(self, items: Sequence[Item]) -> None:
        """Raise EngineError for what is still there in the end, with its finalizers."""

        def look(item: Item) -> Judgement:
            there = self._cluster.read(item.path)
            uid = dig(item.document, "metadata", "uid")
            if there is None or dig(there, "metadata", "uid") != uid:
                return Judgement(Readiness.CURRENT)
            return Judgement(Readiness.IN_PROGRESS, judge(there).why)

        over = self._attend(items, look)
        if over:
            key, verdict = next(iter(over.items()))
            raise EngineError(
                f"{key} was not gone within {self._seconds:g} seconds: {verdict.why}.",
                details=[f"{key}: {each.why}" for key, each in over.items()],
                hint="See what serves the finalizers; then start the action again.",
            )

    def _attend(
        self, items: Sequence[Item], look: Callable[[Item], Judgement]
    ) -> dict[str, Judgement]:
        """Look until all is current, one has failed or time is over; return what is not."""
        end, pause, told = time.monotonic() + self._seconds, _FIRST_PAUSE, dict[str, str]()
        left = list(items)
        while True:
            verdicts = zip([each.key for each in left], side_by_side(look, left), strict=True)
            awaited = {k: v for k, v in verdicts if v.readiness is not Readiness.CURRENT}
            left = [each for each in left if each.key in awaited]
            failed = {k: v for k, v in awaited.items() if v.readiness is Readiness.FAILED}
            if failed or not awaited:
                return failed
            if time.monotonic() >= end:
                return awaited
            if self._interruption.requested:
                raise CancelledError(
                    f"The run was cancelled while it waited for {', '.join(awaited)}.",
                    details=[f"{key}: {each.why}" for key, each in awaited.items()],
                    hint="What was applied stays; start the action again when it is wanted.",
                )
            for key, each in awaited.items():
                if told.get(key) != each.why:
                    self._listen(Noticed("info", f"{key}: {each.why}"))
                    told[key] = each.why
            self._interruption.wait(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _explain(self, item: Item) -> list[str]:
        """Return what the failing pods, their logs and the warnings about them say."""
        try:
            return [*self._read_pods(item), *self._read_events(item)]
        except ClusterError as error:  # the login may not read them
            return [f"{item.key}: nothing more can be read ({error.message})"]

    def _read_pods(self, item: Item) -> list[str]:
        labels = as_object(dig(item.document, "spec", "selector", "matchLabels"))
        root = f"/api/v1/namespaces/{item.namespace}/pods"
        pods = [item.document] if item.resource.kind == "Pod" else []
        if labels:
            selector = ",".join(f"{name}={value}" for name, value in labels.items())
            listed = self._cluster.read(root, labelSelector=selector) or {}
            pods = [{"kind": "Pod", **as_object(e)} for e in as_list(listed.get("items"))]
        bad = [p for p in pods if _tell_pod(p)]
        lines: list[str] = []
        for pod in bad[:_MOST_PODS]:
            name = str(dig(pod, "metadata", "name"))
            lines += [f"Pod/{name}: {_tell_pod(pod)}"]
            lines += [f"Pod/{name} log: {line}" for line in self._read_log(f"{root}/{name}", pod)]
        return lines

    def _read_log(self, path: str, pod: JsonObject) -> list[str]:
        for each in as_list(dig(pod, "status", "containerStatuses")):
            ran = bool(dig(each, "restartCount"))
            if dig(each, "ready") or not (ran or dig(each, "state", "terminated")):
                continue
            try:
                text = self._cluster.read_text(
                    f"{path}/log",
                    container=str(dig(each, "name")),
                    tailLines=str(_LOG_LINES),
                    previous=str(ran).lower(),
                )
            except ClusterError:  # there is none, or it may not be read
                continue
            return text.split("\n")
        return []

    def _read_events(self, item: Item) -> list[str]:
        root = f"/api/v1/namespaces/{item.namespace or 'default'}/events"
        listed = self._cluster.read(root, fieldSelector="type=Warning") or {}
        lines: dict[str, None] = {}
        for each in as_list(listed.get("items")):
            about = as_object(dig(each, "involvedObject"))
            name = str(about.get("name"))
            if name == item.name or name.startswith(f"{item.name}-"):
                lines[f"{about.get('kind')}/{name}: {say(as_object(each))}"] = None
        return list(lines)[-_MOST_EVENTS:]


def _tell_pod(pod: JsonObject) -> str:
    """Say why a pod does not work; empty where it does."""
    told = [say(each) for each in find_waiting(pod)]
    statuses = as_list(dig(pod, "status", "containerStatuses"))
    states = (dig(e, name, "terminated") for e in statuses for name in ("state", "lastState"))
    ended = (each for each in states if isinstance(each, dict))
    told += [f"exit code {each.get('exitCode')} {say(each)}".strip() for each in ended]
    verdict = judge({"apiVersion": "v1", "kind": "Pod", **pod})
    if not told and verdict.readiness is not Readiness.CURRENT:
        told = [verdict.why]
    return "; ".join(dict.fromkeys(filter(None, told)))
