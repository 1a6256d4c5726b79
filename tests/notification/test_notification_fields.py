"""What the platform's notifications become."""

from __future__ import annotations

from pathlib import Path

import pytest

from purveyor import json_text
from purveyor.action import ActionContext, Kind, Operation
from purveyor.errors import ContextError, ReasonCode
from purveyor.notification import ContextSource, FaultyActionError, parse_notification, read_action

CONTEXTS = Path(__file__).parents[1] / "fixtures" / "contexts"


def read(name: str) -> ActionContext:
    return read_text((CONTEXTS / name).read_text())


def read_text(text: str) -> ActionContext:
    return read_action(parse_notification(ContextSource(text, "test")))


@pytest.mark.parametrize(
    ("name", "kind", "operation", "entity_slug", "specification"),
    [
        ("01-service-create-organization", "service", "create", "orders-db", "mysql-database"),
        ("02-service-create-bare", "service", "create", "orders-db", "mysql-database"),
        ("03-service-update", "service", "update", "orders-db", "mysql-database"),
        ("04-service-delete", "service", "delete", "orders-db", "mysql-database"),
        ("05-link-create", "link", "create", "orders-reader", "database-user"),
        ("06-link-delete", "link", "delete", "orders-reader", "database-user"),
        ("07-custom-on-service", "service", "custom", "orders-db", "mysql-database"),
        ("08-custom-on-link", "link", "custom", "orders-reader", "database-user"),
        ("09-integer-envelope-id", "link", "update", "orders-reader", "database-user"),
        ("11-wrapped-custom", "link", "custom", "orders-reader", "database-user"),
    ],
)
def test_each_variant_the_platform_sends_is_understood(
    name: str, kind: str, operation: str, entity_slug: str, specification: str
) -> None:
    context = read(f"{name}.json")
    assert context.kind == Kind(kind)
    assert context.operation == Operation(operation)
    assert context.entity.slug == entity_slug
    assert context.entity.specification.slug == specification
    assert context.service.specification.slug == "mysql-database"


def test_a_scope_action_is_refused_politely() -> None:
    with pytest.raises(ContextError, match="scope") as caught:
        read("10-scope-action.json")
    assert caught.value.reason is ReasonCode.CONTEXT_UNSUPPORTED
    assert caught.value.exit_code == 10


def test_false_zero_and_empty_text_are_values() -> None:
    context = read("03-service-update.json")
    assert context.parameters["private_domain"] == ""
    assert context.parameters["authorization"] == {"enabled": False}


def test_the_links_dimensions_win_over_the_services() -> None:
    text = (CONTEXTS / "05-link-create.json").read_text()
    document = json_text.parse(text)
    assert isinstance(document, dict)
    inner = document["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["link"], dict)
    inner["link"]["dimensions"] = {"country": "br"}
    context = read_text(json_text.write(document))
    assert context.dimensions == {"environment": "production", "country": "br"}


@pytest.mark.parametrize("quote", ["'", '"'])
def test_one_pair_of_quotes_around_the_text_is_taken_off(quote: str) -> None:
    text = (CONTEXTS / "05-link-create.json").read_text().strip()
    assert read_text(f"{quote}{text}{quote}") == read_text(text)


def test_a_document_encoded_as_a_json_string_is_decoded() -> None:
    text = (CONTEXTS / "05-link-create.json").read_text()
    assert read_text(json_text.write(text)) == read_text(text)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ContextError) as caught:
        read_text('{"type": "explode", "id": "../x", "service": {"id": ""}, "parameters": 5}')
    details = "\n".join(caught.value.details)
    for path in (
        "notification.id: a string of 4 characters",
        "notification.type: 'explode'",
        "notification.service.id: an empty string",
        "notification.service.specification: missing",
        "notification.parameters: a number",
    ):
        assert path in details


SOUND = '"id": "a1", "type": "explode", "service": {"id": "s1", "specification": {"slug": "q"}}'


def test_faults_keep_the_address_of_the_action_that_has_them() -> None:
    with pytest.raises(FaultyActionError, match="a fault") as caught:
        read_text(f"{{{SOUND}}}")
    action = caught.value.action
    assert (action.kind, action.entity.id, action.id) == (Kind.SERVICE, "s1", "a1")
    with pytest.raises(FaultyActionError) as caught:
        read_text(f'{{{SOUND}, "link": {{"id": "l1"}}}}')
    action = caught.value.action
    assert (action.kind, action.entity.id, action.id) == (Kind.LINK, "l1", "a1")


@pytest.mark.parametrize(
    "text",
    [
        f"{{{SOUND.replace('a1', '../a1')}}}",
        f"{{{SOUND.replace('s1', '../s1')}}}",
        f'{{{SOUND}, "link": {{"id": "../l1"}}}}',
        f'{{{SOUND}, "link": "l1"}}',
        '{"id": "a1", "type": "create", "service": 5}',
    ],
)
def test_an_address_that_cannot_be_read_is_not_guessed(text: str) -> None:
    with pytest.raises(ContextError) as caught:
        read_text(text)
    assert not isinstance(caught.value, FaultyActionError)


def test_what_is_not_ours_to_serve_has_no_address() -> None:
    with pytest.raises(ContextError) as caught:
        read("10-scope-action.json")
    assert not isinstance(caught.value, FaultyActionError)


@pytest.mark.parametrize("bad", ["..", "a/b", "a..b", "", " ", ".x", "x" * 129, "a\nb", "é"])
def test_an_id_that_could_leave_its_folder_is_refused(bad: str) -> None:
    text = json_text.write(
        {"id": bad, "type": "create", "service": {"id": "s", "specification": {"slug": "q"}}}
    )
    with pytest.raises(ContextError, match="CONTEXT has a fault"):
        read_text(text)


def test_what_the_platform_adds_to_the_parameters_is_no_parameter() -> None:
    parameters = {
        "np-trace": "1|tr-1|run-1",
        "NP_Trace_State": "s",
        "np-trace-\n": "x",
        "np-traces": 1,
        "np-trace-id": 7,
        "np-trace-key": "a\nb",
    }
    text = json_text.write(
        {
            "id": "a1",
            "type": "create",
            "service": {"id": "s1", "specification": {"slug": "queue"}},
            "parameters": parameters,
        }
    )
    context = read_text(text)
    assert set(context.parameters) == {"np-trace-\n", "np-traces"}
    assert context.carriers == {"NP_TRACE": "1|tr-1|run-1", "NP_TRACE_STATE": "s"}
    assert read_text(text.replace("run-1", "run-2")).digest == context.digest


def test_the_digest_ignores_what_changes_between_two_deliveries() -> None:
    first = read("01-service-create-organization.json")
    again = (CONTEXTS / "01-service-create-organization.json").read_text()
    again = again.replace('"status": "pending"', '"status": "in_progress"')
    assert read_text(again).digest == first.digest
    assert read_text(again.replace('"orders"', '"orders2"', 1)).digest != first.digest


def test_numbers_keep_every_digit() -> None:
    text = (
        '{"id":"a","type":"create","service":{"id":"s","specification":{"slug":"q"}},"parameters":'
    )
    context = read_text(
        text + '{"big": 123456789012345678901234567890, "fine": 0.10000000000000000001}}'
    )
    assert json_text.write(context.parameters) == (
        '{"big": 123456789012345678901234567890, "fine": 0.10000000000000000001}'
    )
