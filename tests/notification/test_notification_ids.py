"""Whose action a refused CONTEXT is, where a person would see it at once."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor.errors import ContextError
from purveyor.notification import (
    ContextSource,
    FaultyActionError,
    parse_notification,
    read_action,
    recognise,
    take_context,
)
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND: dict[str, Any] = {
    "id": "a1",
    "type": "create",
    "service": {"id": "s1", "slug": "orders", "specification": {"slug": "sqs-queue"}},
    "link": None,
    "parameters": {},
}
SERVICE, LINK = ("service", "s1"), ("link", "l1")


def told(text: str | bytes) -> tuple[str, str] | None:
    """Return the kind and id of the entity that would be told, None for nobody."""
    raw = text if isinstance(text, bytes) else text.encode()
    origin = take_context("-", Settings({}), lambda: raw)
    with pytest.raises(ContextError) as caught:
        read_action(parse_notification(origin))
    found = recognise(caught.value, origin)
    assert (found.message, found.reason) == (caught.value.message, caught.value.reason)
    if not isinstance(found, FaultyActionError):
        return None
    assert found.action.id == "a1"
    return found.action.kind.value, found.action.entity.id


def changed(**fields: Any) -> str:
    return json_text.write({"notification": {**copy.deepcopy(SOUND), **fields}})


def holding(value: str) -> str:
    return changed(parameters="HERE").replace('"HERE"', value)


INNER = json_text.write(SOUND)
REFUSED: dict[str, Callable[[], str | bytes]] = {
    "too deep": lambda: holding('{"a":' * 65 + "1" + "}" * 65),
    "not a number": lambda: holding('{"a": NaN}'),
    "an exponent out of range": lambda: holding('{"a": 1e999999999999999999999}'),
    "an integer of 5,000 digits": lambda: holding('{"a": ' + "9" * 5000 + "}"),
    "a doubled key": lambda: holding('{"a": 1, "a": 2}'),
    "too large": lambda: holding('"' + "x" * (1 << 20) + '"'),
    "trailing NULs": lambda: changed() + "\x00\x00",
    "no UTF-8": lambda: changed(name="x").encode().replace(b'"x"', b'"\xff"'),
    "control characters": lambda: holding('{"a": "\x01"}'),
    "two envelopes": lambda: f"{changed()}\n{changed()}",
    "an envelope in an envelope": lambda: f'{{"notification": {changed(type="else")}}}',
    "a list of one": lambda: f"[{INNER}]",
    "quoted and cut": lambda: f"'{changed()} x'",
    "a link that is empty": lambda: changed(link={}),
    "a link that is a list": lambda: changed(link=[]),
    "a link whose id is too long": lambda: changed(link={"id": "l" * 129}),
    "a type that nobody knows": lambda: changed(type="explode"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refused_context_is_told_where_its_ids_can_be_seen(kind: str) -> None:
    assert told(REFUSED[kind]()) == SERVICE


def test_a_link_without_its_service_is_told_as_a_link() -> None:
    assert told(changed(service=None, link={"id": "l1"})) == LINK


@pytest.mark.parametrize(
    "text",
    [
        changed(id="a" * 129),
        changed(id="../a1"),
        changed(id=True),
        changed(service={"id": "s" * 129}),
        changed(service={"id": "s1", "type": "scope"}, type="create"),
        changed(service={"id": "s1", "type": "scope"}, link={}),
        changed().replace('"id": "a1"', '"id": "a1", "id": "a2"'),
        f"{INNER[:-5]}",
        "[]",
        "7",
        "{" * 100_000,
    ],
)
def test_a_context_whose_ids_are_in_doubt_is_told_to_nobody(text: str) -> None:
    assert told(text) is None


def test_an_id_that_is_a_number_keeps_its_digits() -> None:
    origin = ContextSource(changed(id="a1", service={"id": 12345678901234567890}), "a test")
    found = recognise(ContextError("x", hint="y"), origin)
    assert isinstance(found, FaultyActionError)
    assert found.action.entity.id == "12345678901234567890"
