"""The OpenAPI document tells the truth: schemathesis plays what it allows, and what it forbids."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from receiver_fixtures import BEARER, Serving, serving
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
DOCUMENT = resources.files("purveyor.receiver").joinpath("openapi.json").read_text("utf-8")
SCHEMA: Any = schemathesis.openapi.from_dict(json_text.parse_object(DOCUMENT) or {})
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
TOLD = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A receiver that serves every specification."""
    with serving(tmp_path_factory.mktemp("receiver"), serves=lambda *_: True) as one:
        yield one


def play(receiver: Serving, name: str, mode: GenerationMode, extra: list[object]) -> None:
    @hypothesis.given(case=OPERATIONS[name].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def call(case: Any) -> None:
        response = case.call(base_url=f"http://127.0.0.1:{receiver.port}", headers=BEARER)
        case.validate_response(response, checks=[*TOLD, *extra])

    call()


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_the_document_allows_is_taken_and_answered_as_it_says(
    receiver: Serving, name: str
) -> None:
    play(receiver, name, GenerationMode.POSITIVE, [checks.positive_data_acceptance])


def test_what_the_document_forbids_is_answered_as_it_says(receiver: Serving) -> None:
    play(receiver, "POST /notifications", GenerationMode.NEGATIVE, [])
