"""Cells whose run stands still for longer than a living run may, and then goes on."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from fault_deeds import Deed, opened, request_action
from fault_fixtures import Row, follow_up, let_time_pass

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def stands_still(
    folder: Path, environment: Mapping[str, str], deed: Deed, *, elsewhere: bool
) -> Row:
    """A run is stopped, a sweep of its own machine or of another one comes by, the run goes on.

    Six minutes are played by signs of life that are so old, another machine by the attempt's name
    of its own.
    """
    with opened(folder, environment) as harness:
        requested = request_action(harness, deed)
        deed.early.shut(harness.resource_log)
        started = harness.start(requested)
        deed.early.await_line(harness, started)
        started.pause()
        if elsewhere:
            _move_away(harness.catalog / f"states/journal/actions/{requested.id}/1/begin.json")
        let_time_pass(harness, requested)
        harness.sweep("--every-entity", PURVEYOR_DEAD_AFTER="300")
        os.kill(started.pid, signal.SIGCONT)
        harness.resource_log.open()
        started.end()
        where = "another machine" if elsewhere else "its machine"
        name = (f"stopped for six minutes, a sweep on {where}", "apply")
        return follow_up(harness, requested, name, started, deed=deed)


def _move_away(begin: Path) -> None:
    record = json_text.parse(begin.read_text())
    assert isinstance(record, dict)
    text = json_text.write(record)
    for name in ("host", "boot"):
        found = next(iter(_values(record, name)), "")
        assert found, record
        text = text.replace(json_text.write(found), '"elsewhere"')
    begin.write_text(text)


def _values(value: object, name: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    own = [value[name]] if isinstance(value.get(name), str) else []
    return own + [each for inner in value.values() for each in _values(inner, name)]
