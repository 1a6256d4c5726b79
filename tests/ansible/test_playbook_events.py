"""What is read from the lines that the callback plugin writes."""

from __future__ import annotations

import pytest

from purveyor import json_text
from purveyor.engines.ansible.events import PlaybookEvents
from purveyor.step import Noticed, StepEvent


@pytest.fixture
def heard() -> list[StepEvent]:
    return []


@pytest.fixture
def events(heard: list[StepEvent]) -> PlaybookEvents:
    return PlaybookEvents(heard.append)


def line(event: str, **what: object) -> str:
    return json_text.write({"event": event, **what})


def test_plays_and_tasks_are_progress(events: PlaybookEvents, heard: list[StepEvent]) -> None:
    events.read(line("play", name="web"))
    events.read(line("task", name="install"))
    assert heard == [Noticed("info", "play: web"), Noticed("info", "task: install")]
    assert events.task == "install"


def test_a_host_that_was_changed_twice_is_one_change(events: PlaybookEvents) -> None:
    for host in ("a", "b", "a"):
        events.read(line("changed", host=host, task="x", message="", errors=""))
    assert [(each.address, each.verb) for each in events.changes()] == [
        ("a", "update"),
        ("b", "update"),
    ]


def test_a_failure_names_host_task_and_message(
    events: PlaybookEvents, heard: list[StepEvent]
) -> None:
    events.read(line("failed", host="a", task="copy", message="no space", errors="df: full"))
    assert [str(each) for each in events.failures] == ["a: copy: no space | df: full"]
    assert heard == [Noticed("error", "failed: a: no space | df: full")]


def test_an_ignored_failure_is_a_warning_only(
    events: PlaybookEvents, heard: list[StepEvent]
) -> None:
    events.read(line("ignored", host="a", task="t", message="no", errors=""))
    assert events.failures == []
    assert heard == [Noticed("warning", "ignored: a: no")]


def test_outputs_are_what_set_stats_keeps_under_their_name(events: PlaybookEvents) -> None:
    events.read(line("stats", hosts={}, kept={"purveyor_outputs": {"port": 22}, "other": 1}))
    assert events.outputs == {"port": 22}
    assert not events.fault


def test_outputs_that_are_no_mapping_are_a_fault(events: PlaybookEvents) -> None:
    events.read(line("stats", hosts={}, kept={"purveyor_outputs": [1]}))
    assert "no mapping" in events.fault


@pytest.mark.parametrize("text", ["hello", '{"event": ', '{"other": 1}', '["event"]'])
def test_foreign_lines_are_shown_as_they_are(
    events: PlaybookEvents, heard: list[StepEvent], text: str
) -> None:
    events.read(text)
    assert heard == [Noticed("info", text)]
