"""Twenty deliveries of one action at once through the real command: one of them builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_deeds import ask, opened

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


def test_of_twenty_deliveries_at_once_exactly_one_builds(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with opened(tmp_path, environment) as rig:
        asked = ask(rig)
        runs = [rig.start(asked) for _ in range(20)]
        ended = [each.end() for each in runs]
        sight = rig.look(asked)
    assert {each.code for each in ended} == {0}, [each.stderr for each in ended if each.code]
    assert rig.ledger.lines() == ["create anchor", "create beacon"]
    assert sight.status == "success"
    assert [each.reason for each in ended].count("DONE") >= 1
