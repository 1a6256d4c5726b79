"""Rows of an inbox as a page may meet them, hostile ones among them."""

from __future__ import annotations

from purveyor.inbox.model import DeliveryStatus, InboxCounts, InboxRow

NOW = 1_800_000_000.0
HOSTILE = "\"'><script>alert(1)</script>"
COUNTS = InboxCounts(waiting=3, running=2, ended=1204, failed=2, oldest=3720.0)


def row(number: int = 1, **changes: object) -> InboxRow:
    fields: dict[str, object] = {
        "action_id": f"7c9e6679-7425-40de-944b-e07fc1f9{number:04x}",
        "entity": "service/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0",
        "specification": "mysql-database",
        "operation": "create",
        "received_at": NOW - 3600 - number * 60,
        "status": DeliveryStatus.WAITING,
        "tries": 0,
        "due": 0.0,
        "started_at": 0.0,
        "ended_at": 0.0,
        "reason": "",
        "run_url": "",
    }
    return InboxRow(**{**fields, **changes})  # type: ignore[arg-type] # named fields


ROWS = (
    row(1, status=DeliveryStatus.RUNNING, started_at=NOW - 42, run_url="https://ci.example/run/1"),
    row(2, status=DeliveryStatus.RUNNING, started_at=NOW - 301, specification="database-user"),
    row(
        3,
        status=DeliveryStatus.FAILED,
        tries=16,
        started_at=NOW - 9000,
        ended_at=NOW - 1800,
        reason=f"The token may not start the pipeline of acme/infra: {HOSTILE}",
    ),
    row(4, status=DeliveryStatus.FAILED, started_at=1.0, ended_at=9.0, reason="ENGINE_FAILED"),
    row(5, tries=2, due=NOW + 75, started_at=NOW - 10, reason="RATE_LIMITED"),
    row(6, operation="delete"),
    row(7, specification="a-service-with-a-very-long-specification-slug-that-never-breaks"),
    *(
        row(
            number,
            status=DeliveryStatus.ENDED,
            started_at=NOW - 5000,
            ended_at=NOW - 4900,
            reason="DONE",
            run_url="https://ci.example/run/9",
        )
        for number in range(8, 14)
    ),
)
