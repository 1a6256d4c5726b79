"""What is read from the lines that Pulumi writes."""

from __future__ import annotations

import pytest

from purveyor import json_text
from purveyor.engines.pulumi.events import StackEvents
from purveyor.plan import Change, Verb
from purveyor.step import Noticed, Planned, ResourceMoved, StepEvent

THING = "x:index:Thing"
URN = f"urn:pulumi:dev::thing::{THING}::first"


@pytest.fixture
def heard() -> list[StepEvent]:
    return []


@pytest.fixture
def events(heard: list[StepEvent]) -> StackEvents:
    return StackEvents(heard.append)


def moved(kind: str, op: str, **more: object) -> str:
    what = {"op": op, "urn": URN, "type": THING, **more}
    return json_text.write({"sequence": 1, kind: {"metadata": what}})


def said(severity: str, message: str, urn: str = "") -> str:
    what = {"severity": severity, "message": message, "urn": urn}
    return json_text.write({"diagnosticEvent": what})


def test_a_resource_is_told_as_it_moves_and_counts_once_it_is_done(
    events: StackEvents, heard: list[StepEvent]
) -> None:
    events.read(moved("resourcePreEvent", "create"))
    assert events.changed == {}
    events.read(moved("resOutputsEvent", "create"))
    assert [each.stage for each in heard if isinstance(each, ResourceMoved)] == ["started", "ended"]
    assert list(events.changed.values()) == [Change(f"{THING}::first", THING, Verb.CREATE)]


def test_what_a_preview_tells_is_planned(heard: list[StepEvent]) -> None:
    events = StackEvents(heard.append, previews=True)
    events.read(moved("resourcePreEvent", "update"))
    assert heard == [Planned(Change(f"{THING}::first", THING, Verb.UPDATE))]
    assert list(events.changed) == [f"{THING}::first"]


def test_the_parts_of_a_replacement_are_one_change(events: StackEvents) -> None:
    for op in ("create-replacement", "replace", "delete-replaced"):
        events.read(moved("resOutputsEvent", op, keys=["name"]))
    assert list(events.changed.values()) == [
        Change(f"{THING}::first", THING, Verb.REPLACE, ("name",))
    ]


def test_what_is_retained_on_delete_is_let_go_of(events: StackEvents) -> None:
    events.read(moved("resOutputsEvent", "delete", old={"retainOnDelete": True}))
    assert [each.verb for each in events.changed.values()] == [Verb.FORGET]


@pytest.mark.parametrize("op", ["same", "read", "refresh", "discard"])
def test_what_changes_nothing_is_not_told(
    events: StackEvents, heard: list[StepEvent], op: str
) -> None:
    events.read(moved("resOutputsEvent", op))
    assert heard == []


def test_stacks_and_providers_are_no_resources(events: StackEvents) -> None:
    for kind in ("pulumi:pulumi:Stack", "pulumi:providers:x"):
        events.read(moved("resOutputsEvent", "create", type=kind))
    assert events.changed == {}


def test_a_failure_names_the_resource_before_the_whole(events: StackEvents) -> None:
    events.read(said("info#err", "a warning of the program's"))
    events.read(said("error", "second is refused\n", URN))
    events.read(said("error", "update failed"))
    assert events.tell_failures() == [f"{URN}: second is refused"]


def test_a_program_that_does_not_run_is_told_with_its_own_words(events: StackEvents) -> None:
    events.read(said("info#err", "Error: no such type\n"))
    events.read(said("error", "an unhandled error occurred"))
    assert events.tell_failures() == ["Error: no such type"]


def test_debugging_is_left_out(events: StackEvents, heard: list[StepEvent]) -> None:
    events.read(said("debug", "Registering"))
    events.read(said("warning", "old"))
    assert heard == [Noticed("warning", "old")]


@pytest.mark.parametrize("text", ["", "hello", "[]", '{"sequence": 1}', '{"resourcePreEvent": 1}'])
def test_foreign_lines_are_passed_over(events: StackEvents, text: str) -> None:
    events.read(text)
    assert events.changed == {}
