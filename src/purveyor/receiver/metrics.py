"""Figures for Prometheus: what came in, what waits and runs, and how it ended."""

from __future__ import annotations

import re
import time
from functools import partial
from typing import TYPE_CHECKING

from purveyor.inbox.model import DeliveryStatus

if TYPE_CHECKING:
    from purveyor.inbox.model import Inbox

_WAITED = (0.05, 0.25, 1, 5, 30, 120, 600, 3600)
_RAN = (1, 5, 15, 60, 300, 900, 3600)
# A reason may be a sentence, and each value of a label is a series that stays.
_CODE = re.compile(r"[A-Z][A-Z_]+")


class ReceiverMetrics:
    """Counts what it is told; what the inbox holds is asked for when somebody looks."""

    def __init__(self) -> None:
        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was made
        self._registry = registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        counter = partial(prometheus.Counter, namespace="purveyor", registry=registry)
        gauge = partial(prometheus.Gauge, namespace="purveyor", registry=registry)
        histogram = partial(prometheus.Histogram, namespace="purveyor", registry=registry)
        accepted = counter("notifications_accepted", "Stored, by how they came.", ["source"])
        # A series that is looked up by its labels costs more than one that is held.
        self._accepted, self._fetched = accepted.labels("channel"), accepted.labels("missed")
        self._known = counter("notifications_repeated", "Of actions that the inbox knew.")
        self._refused = counter("notifications_refused", "Not accepted, by reason.", ["reason"])
        self._searched = gauge(
            "missed_search_success_timestamp_seconds", "When the platform last told what was missed"
        )
        self._held = gauge("deliveries", "What the inbox holds, by status.", ["status"])
        self._oldest = gauge("oldest_delivery_age_seconds", "Of those not ended; 0 for none.")
        self._waited = histogram(
            "delivery_wait_seconds", "From acceptance to the start of its work.", buckets=_WAITED
        )
        self._ran = histogram("delivery_run_seconds", "From start to end.", buckets=_RAN)
        self._outcomes = counter(
            "delivery_outcomes", "Ends of tries, by status and reason code.", ["status", "reason"]
        )

    def __call__(self, event: str, /, **fields: object) -> None:
        match event, fields:
            case "accepted", _:
                self._accepted.inc()
            case "known", _:
                self._known.inc()
            case "fetched", _:
                self._fetched.inc()
            case "searched", _:
                self._searched.set(time.time())
            case "refused", {"reason": str(reason)}:
                self._refused.labels(reason).inc()
            case "started", {"waited": float(seconds)}:
                self._waited.observe(seconds)
            case "ended", {"status": str(status), "reason": str(reason), "seconds": float(seconds)}:
                found = _CODE.match(reason)
                self._outcomes.labels(status, found.group() if found else "OTHER").inc()
                self._ran.observe(seconds)
            case _:
                pass

    async def show(self, inbox: Inbox) -> tuple[bytes, str]:
        """Return all figures, and their content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        counts = await inbox.count()
        for status in DeliveryStatus:
            self._held.labels(status).set(getattr(counts, status))
        self._oldest.set(counts.oldest)
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
