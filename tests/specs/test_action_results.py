"""Results of custom actions, as far as they are known before the action runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from spec_fixtures import SLUG

if TYPE_CHECKING:
    from spec_fixtures import Author

ROTATE = "actions/rotate.json.tpl"
CATALOG = """
version: 1
backend: {type: local}
services:
  orders-store:
    actions: {where: {outputs: [address]}}
"""


def check(author: Author) -> list[str]:
    done = author.run("check", SLUG, "--json")
    return [f"{e['rule']} {e['text'].partition(':')[0]}" for e in done.document["findings"]]


def results(properties: Any) -> Any:
    return lambda d: d["results"]["schema"].update(properties=properties)


def test_what_an_action_hands_out_becomes_its_results(author: Author) -> None:
    (author.catalog / "purveyor.yaml").write_text(CATALOG)
    assert author.run("generate", SLUG).code == 0
    assert check(author) == []
    where = "actions/where.json.tpl"
    author.edit(where, results({"address": {}, "port": {}}))
    assert check(author) == ["not-handed-out port"]
    author.edit(where, results({}))
    assert check(author) == ["not-handed-out address"]


def test_an_action_that_no_program_serves_is_found(author: Author) -> None:
    author.edit(ROTATE, lambda d: d.update(slug="turn"))
    author.edit("service-spec.json.tpl", lambda d: d.update(available_actions=["turn"]))
    author.edit("links/reader.json.tpl", lambda d: d.update(available_actions=[]))
    assert check(author) == ["no-program turn"]


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ({"type": "string"}, []),  # a result of its own, whatever attributes there are
        ({"type": "integer", "target": "size"}, []),
        ({"type": ["number", "null"], "target": "size"}, []),
        ({"type": "string", "target": "size"}, ["result-differs size"]),
        ({"type": "string", "target": "colour"}, ["no-attribute size"]),
    ],
)
def test_a_result_s_target_must_take_it(author: Author, result: Any, found: list[str]) -> None:
    author.edit("links/reader.json.tpl", lambda d: d.update(available_actions=[]))
    author.edit(ROTATE, results({"size": result}))
    assert check(author) == found
