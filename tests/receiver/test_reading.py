"""What is kept of a notification besides its body."""

from __future__ import annotations

import pytest

from purveyor import json_text
from purveyor.receiver.reading import read_delivery


@pytest.mark.parametrize(
    ("given", "kept"),
    [("create", "create"), ("a\0b", "unknown"), ("\ud800", "unknown"), ({}, "unknown")],
)
def test_an_operation_that_no_store_would_take_is_unknown(given: object, kept: str) -> None:
    inner = {
        "id": "action-1",
        "type": given,
        "service": {"id": "service-1", "specification": {"slug": "queue"}},
        "link": None,
    }
    body = json_text.write({"notification": inner}).encode()
    delivery = read_delivery(body, 1.0, lambda *_: True)
    assert delivery is not None
    assert (delivery.operation, delivery.entity) == (kept, "service/service-1")
