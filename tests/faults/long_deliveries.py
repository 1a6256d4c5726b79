"""Twenty deliveries of one action at once through the real command: one of them builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_deeds import opened, request_action

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


def test_of_twenty_deliveries_at_once_exactly_one_builds(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with opened(tmp_path, environment) as harness:
        requested = request_action(harness)
        runs = [harness.start(requested) for _ in range(20)]
        ended = [each.end() for each in runs]
        observation = harness.observe(requested)
    assert {each.code for each in ended} == {0}, [each.stderr for each in ended if each.code]
    assert harness.resource_log.lines() == ["create anchor", "create beacon"]
    assert observation.status == "success"
    assert [each.reason for each in ended].count("DONE") >= 1
