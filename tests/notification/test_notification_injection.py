"""A secret that a CI has put into the CONTEXT is noticed; whose action it was stays known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.notification import (
    ContextSource,
    FaultyActionError,
    parse_notification,
    read_action,
    refuse_injected,
)
from purveyor.settings import Settings

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject


def check(value: str, **environ: str) -> None:
    context: JsonObject = {
        "id": "a-1",
        "type": "create",
        "service": {"id": "s-1", "specification": {"slug": "queue"}},
        "parameters": {"name": value},
    }
    origin = ContextSource(json_text.write(context), "the variable CONTEXT")
    refuse_injected(origin, read_action(parse_notification(origin)), Settings(environ).secrets())


@pytest.mark.parametrize("name", ["CI_JOB_TOKEN", "SYSTEM_ACCESSTOKEN", "NULLPLATFORM_API_KEY"])
def test_the_value_of_a_secret_variable_is_refused_and_not_shown(name: str) -> None:
    secret = 'glcbt-"64_abcdef'
    with pytest.raises(FaultyActionError) as caught:
        check(f"x{secret}y", **{name: secret})
    assert caught.value.action.id == "a-1"
    assert secret not in caught.value.message + caught.value.hint
    assert r"\u0024" in caught.value.hint


def test_other_text_passes() -> None:
    check("$CI_JOB_TOKEN $(System.AccessToken)", CI_JOB_TOKEN="glcbt-64_abcdef")
    check("a short value", NP_API_KEY="short")
