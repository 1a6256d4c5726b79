"""Custom actions as the catalog narrows them: what they get, what they give, what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from pipeline import Pipeline, action_id
from purveyor_emulator import Emulator
from purveyor_emulator.seed import DEFAULT_SEED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
PROGRAM = """#!/usr/bin/env python3
import json, os, sys
document = json.load(sys.stdin)
print("progress: looking at", document["service"]["slug"])
result = {
    "got": sorted(document["outputs"]),
    "seen": [name for name in ("PLAIN", "OTHER", "PATH") if name in os.environ],
    "token": "t0ken-" + "0123456789",
}
print("made", result["token"])
open(os.environ["PURVEYOR_RESULT"], "w").write(json.dumps(result))
"""
ACTIONS = """
    actions:
      look: {run: [./look.py], outputs: [port], environment: [PLAIN], secrets: [token]}
      hand-out: {outputs: [endpoint, password]}
      miss: {outputs: [not_there]}
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    seed = yaml.safe_load(DEFAULT_SEED.read_text())
    (database,) = (each for each in seed["specifications"] if each["slug"] == "mysql-database")
    database["actions"] = [{"slug": each, "name": each} for each in ("look", "hand-out", "miss")]
    with Emulator.running(seed=seed) as running:
        yield running


@pytest.fixture
def database(pipeline: Pipeline, emulator: Emulator, catalog: Path) -> str:
    text = (catalog / "purveyor.yaml").read_text()
    place = "    guard: {protect: [terraform_data.database]}\n"
    assert place in text
    (catalog / "purveyor.yaml").write_text(text.replace(place, place + ACTIONS))
    (catalog / "look.py").write_text(PROGRAM)
    (catalog / "look.py").chmod(0o755)
    service = str(emulator.create_service("mysql-database", name="orders")["id"])
    made = pipeline.run(emulator.request_action(service, "create", {"database_name": "orders"}))
    assert made.code == 0, made.stderr
    return service


def texts(action: JsonObject) -> str:
    messages = action["messages"]
    assert isinstance(messages, list)
    return "\n".join(str(each) for each in messages)


def test_an_action_gets_what_the_catalog_names_and_only_its_secrets_are_hidden(
    database: str, pipeline: Pipeline, emulator: Emulator
) -> None:
    asked = emulator.request_action(database, "look")
    done = pipeline.run(asked, PLAIN="yes", OTHER="no")
    assert done.code == 0, done.stderr
    shown = {"got": ["port"], "seen": ["PLAIN", "PATH"], "token": "(private)"}
    assert done.outcome["results"] == shown
    action = emulator.action(action_id(asked))
    assert action["results"] == {**shown, "token": "t0ken-0123456789"}
    assert "looking at orders" in texts(action)

    handed = emulator.request_action(database, "hand-out")
    done = pipeline.run(handed)
    assert done.code == 0, done.stderr
    assert done.outcome["results"] == {
        "endpoint": "orders.mysql.us-east-1.example.com",
        "password": "(private)",
    }
    given = emulator.action(action_id(handed))["results"]
    assert isinstance(given, dict)
    assert len(str(given["password"])) >= 16
    assert str(given["password"]) not in done.stdout + done.stderr

    missed = pipeline.run(emulator.request_action(database, "miss"))
    assert (missed.code, missed.reason) == (15, "ACTION_FAILED")
    assert "no output 'not_there'" in missed.stderr
