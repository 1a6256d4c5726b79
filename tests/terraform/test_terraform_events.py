"""The JSON stream, line by line; the lines are recordings of both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.engines.terraform import files
from purveyor.engines.terraform.events import Report
from purveyor.plan import Change, Verb
from purveyor.redaction import Redactor
from purveyor.state_key import OutputValue
from purveyor.step import Noticed, ResourceMoved

if TYPE_CHECKING:
    from purveyor.step import StepEvent

RESOURCE = {"addr": 'module.a["x"].aws_thing.b', "resource_type": "aws_thing"}


def feed(*messages: object, redactor: Redactor | None = None) -> tuple[Report, list[StepEvent]]:
    events: list[StepEvent] = []
    report = Report(events.append, redactor or Redactor())
    for each in messages:
        report.feed(each if isinstance(each, str) else json_text.write(each))
    return report, events


def hook(kind: str, **more: object) -> dict[str, object]:
    return {"type": kind, "hook": {"resource": RESOURCE, "action": "create", **more}}


def redactor_of(secret: str) -> Redactor:
    redactor = Redactor()
    redactor.add_value(secret)
    return redactor


def planned(action: str, **more: object) -> dict[str, object]:
    return {"type": "planned_change", "change": {"resource": RESOURCE, "action": action, **more}}


@pytest.mark.parametrize(
    ("message", "verbs"),
    [
        (planned("create"), [Verb.CREATE]),
        (planned("update"), [Verb.UPDATE]),
        (planned("replace", reason="cannot_update"), [Verb.REPLACE]),
        (planned("delete", reason="delete_because_count_index"), [Verb.DELETE]),
        (planned("read"), [Verb.READ]),
        (planned("noop"), []),
        (planned("remove", reason="delete_because_no_resource_config"), [Verb.FORGET]),
        # OpenTofu 1.12 on ["forget", "create"]:
        (planned("noop", reason="cannot_update"), [Verb.FORGET, Verb.CREATE]),
        (planned("import", importing={"id": "abc-123"}), [Verb.IMPORT]),
        (planned("update", importing={"id": "abc-123"}), [Verb.IMPORT, Verb.UPDATE]),
        (planned("move", previous_resource={"addr": "aws_thing.a"}), [Verb.MOVE]),
        (planned("replace", previous_resource={}), [Verb.MOVE, Verb.REPLACE]),
    ],
)
def test_planned_changes_are_noted_and_idle_ones_are_not(
    message: dict[str, object], verbs: list[Verb]
) -> None:
    report, _ = feed(message)

    address = 'module.a["x"].aws_thing.b'
    assert report.changes == [Change(address, "aws_thing", verb) for verb in verbs]
    assert not report.unread


def test_a_leftover_is_no_deletion_of_the_resource() -> None:
    report, _ = feed(planned("replace", reason="cannot_update"), planned("delete"))

    assert [(each.verb, each.deposed) for each in report.changes] == [
        (Verb.REPLACE, False),
        (Verb.DELETE, True),
    ]


@pytest.mark.parametrize(
    "message",
    [
        planned("transmute"),
        hook("apply_start", action="transmute"),
        {"type": "planned_action_invocation", "action_addr": {"addr": "action.aws_stop.x"}},
        {"type": "deferred_change", "change": {}},
    ],
)
def test_what_is_not_understood_is_named(message: dict[str, object]) -> None:
    report, _ = feed({**message, "@message": "It says s3cret."}, redactor=redactor_of("s3cret"))

    (said,) = report.unread.values()
    assert said.startswith("The engine told what Purveyor cannot read, ")
    assert "It says" in said
    assert "s3cret" not in said


def test_what_changes_nothing_is_passed_over() -> None:
    kinds = ["version", "log", "refresh_start", "provision_start", "ephemeral_action_started"]
    report, _ = feed(
        *({"type": kind} for kind in [*kinds, "ephemeral_op_start", "state_lock_acquire"]),
        {"type": "change_summary", "changes": {"add": 1, "import": 2}},
        {"@message": "without a type"},
    )

    assert not report.unread


def test_what_is_carried_out_is_known_whatever_comes_after() -> None:
    report, _ = feed(hook("apply_start"), hook("apply_complete"), hook("apply_errored"))

    assert report.completed == [Change(RESOURCE["addr"], "aws_thing", Verb.CREATE)]


def test_a_failed_check_is_a_note_in_its_authors_words() -> None:
    check = {"severity": "warning", "summary": "Check block assertion failed", "detail": "Too\n3."}
    other = {"severity": "warning", "summary": "Deprecated", "detail": "Whatever."}
    report, _ = feed(
        *({"type": "diagnostic", "diagnostic": each} for each in (check, other, check)),
    )

    assert report.notes == ("A check of the module fails: Too 3.",)


def test_a_resource_is_followed_from_start_to_end() -> None:
    report, events = feed(
        hook("apply_start"),
        hook("apply_progress", elapsed_seconds=10),
        hook("apply_complete", elapsed_seconds=12),
    )

    moved = [event for event in events if isinstance(event, ResourceMoved)]
    assert [(e.stage, e.seconds) for e in moved] == [
        ("started", 0.0),
        ("running", 10.0),
        ("ended", 12.0),
    ]
    assert report.open == {}
    assert report.failed == []


def test_what_was_begun_and_what_failed_is_known() -> None:
    begun, _ = feed(hook("apply_start"))
    failed, _ = feed(hook("apply_start"), hook("apply_errored", elapsed_seconds=1))

    assert begun.open == {RESOURCE["addr"]: Verb.CREATE}
    assert failed.open == {}
    assert failed.failed == [RESOURCE["addr"]]


def test_final_outputs_count_and_planned_ones_do_not() -> None:
    planned = {"type": "outputs", "outputs": {"a": {"sensitive": False, "action": "create"}}}
    final = '{"type":"outputs","outputs":{"a":{"sensitive":false,"type":"number","value":1.50}}}'

    assert feed(planned)[0].outputs is None
    report, _ = feed(planned, final)
    assert report.outputs is not None
    assert json_text.write(report.outputs["a"].value) == "1.50"


def test_one_sensitive_output_makes_all_come_from_the_state() -> None:
    final = {
        "type": "outputs",
        "outputs": {"a": {"sensitive": False, "value": 1}, "b": {"sensitive": True}},
    }

    assert feed(final)[0].outputs is None
    assert feed({"type": "outputs", "outputs": {}})[0].outputs == {}
    assert feed({"type": "outputs", "outputs": {"a": {"sensitive": False, "value": None}}})[
        0
    ].outputs == {"a": OutputValue(None)}


def test_lines_that_are_no_messages_are_kept_and_break_nothing() -> None:
    report, events = feed(
        "Successfully configured the backend",
        '{"@level":"info","@message":"no type, as OpenTofu\'s init says it"}',
        '{"type": ["odd"]}',
        '{"type": "planned_change", "change": "odd"}',
        '{"type": "outputs", "outputs": []}',
        '{"type": "diagnostic", "diagnostic": "odd"}',
        "[1]",
        "",
        '{"cut',
        *["more"] * 100,
    )

    assert len(report.stray) == 40
    assert report.stray[-1] == "more"
    assert report.diagnostics == []
    assert events == []


def test_warnings_are_told_without_secrets_and_errors_are_kept_for_the_end() -> None:
    def diagnostic(severity: str, file: str = "main.tf") -> dict[str, object]:
        place = {"filename": file, "start": {"line": 3}}
        said = {
            "severity": severity,
            "summary": "Deprecated",
            "detail": "use s3cret",
            "range": place,
        }
        return {"@level": severity, "diagnostic": said}  # OpenTofu's init gives no type

    report, events = feed(
        diagnostic("warning"),
        diagnostic("error"),
        diagnostic("warning", files.BACKEND_FILE),
        diagnostic("warning", files.IDENTITY_FILE),
        redactor=Redactor(["s3cret"]),
    )

    assert events == [Noticed("warning", "main.tf:3: Deprecated: use ***")]
    assert len(report.errors) == 1


def test_a_provisioners_output_is_told_but_not_its_command() -> None:
    _, events = feed(
        hook("provision_progress", provisioner="local-exec", output='Executing: ["sh" "s3cret"]'),
        hook("provision_progress", provisioner="local-exec", output="token s3cret made"),
        redactor=Redactor(["s3cret"]),
    )

    assert events == [Noticed("info", f"{RESOURCE['addr']} (local-exec): token *** made")]


def test_the_note_on_the_copys_lock_file_is_for_nobody() -> None:
    heard: list[StepEvent] = []
    report = Report(heard.append, Redactor())
    for summary in ("Incomplete lock file information for providers", "Deprecated"):
        diagnostic = {"severity": "warning", "summary": summary}
        report.feed(json_text.write({"type": "diagnostic", "diagnostic": diagnostic}))
    assert [event.text for event in heard if isinstance(event, Noticed)] == ["Deprecated"]


def test_a_stray_line_takes_little_room_and_shows_no_half_of_a_secret() -> None:
    report = Report(lambda _event: None, Redactor(["hunter2secret"]))
    report.feed("x" * 290 + "hunter2secret" + "y" * 5_000_000)
    assert len(report.stray[0]) <= 600
    assert "hunter" not in report.stray[0]
