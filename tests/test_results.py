"""What outputs become, and what is said of those that reach nobody."""

from __future__ import annotations

from purveyor.catalog.recipe import OutputRule
from purveyor.provision.results import HandingOn, sort_outputs
from purveyor.redaction import Redactor
from purveyor.state_key import OutputValue

OUTPUTS = {
    "endpoint": OutputValue("db.example"),
    "password": OutputValue("p4ss/word-one", sensitive=True),
    "token": OutputValue("t0ken/word-two", sensitive=True),
}


def test_sensitive_outputs_that_reach_nobody_are_said_once() -> None:
    found = sort_outputs(OUTPUTS, HandingOn(rules=None), Redactor())
    assert found.public == {"endpoint": "db.example"}
    (note,) = found.notes
    assert note.endswith("with `secret: true`: password, token.")
    assert note.startswith("Sensitive outputs reach nobody")


def test_where_the_catalog_chooses_outputs_it_chose_what_reaches_nobody() -> None:
    chosen = HandingOn(rules={"endpoint": OutputRule("endpoint")})
    assert sort_outputs(OUTPUTS, chosen, Redactor()).notes == ()
