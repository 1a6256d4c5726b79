"""Services and links that programs alone make: the journal knows that they exist."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import Pipeline, action_id, finish
from purveyor import json_text
from purveyor.action import Kind
from purveyor_emulator import Emulator
from purveyor_emulator.records import EntityStatus
from service_fixtures import OwnService, attribute
from warm_commands import run_command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - for its type alone
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject

TOKEN = "c4nary-t0ken"
CATALOG = """\
version: 1
backend: {type: local}
services:
  thing:
    steps:
      - name: make
        command: {run: [./make], undo: [./unmake]}
        compute: {size: "{{ parameters.size }}"}
        outputs: {address: address}
      - name: announce
        command: {run: [./announce], undo: [./unmake]}
    actions:
      get-credentials: {run: [./tell]}
    links:
      default:
        steps:
          - name: grant
            command: {run: [./grant], undo: [./unmake]}
            compute: {where: "{{ outputs.address }}", token: "{{ outputs.token }}"}
            outputs: {user: user, token: {output: token, secret: true}}
"""
# Each is told in `log` what it was started for; `fail` and `hang` name what a test wants of it.
PROGRAM = """\
#!{python}
import json, os, pathlib, sys, time
given = json.load(sys.stdin)
name, here = pathlib.Path(sys.argv[0]).name, pathlib.Path("{here}")
step = given.get("step", "")
with (here / "log").open("a") as log:
    log.write(f"{{given['action']['operation']}} {{step or name}}\\n")
(here / f"given-{{step or name}}.json").write_text(json.dumps(given))
if (here / "hang").exists() and (here / "hang").read_text() == step:
    (here / "hangs").touch()
    while (here / "hang").exists():
        time.sleep(0.05)
if (here / "fail").exists() and (here / "fail").read_text() == step:
    sys.exit("it cannot be done now")
results = {{
    "make": {{"address": f"db-{{given.get('variables', {{}}).get('size')}}", "token": "{token}"}},
    "grant": {{"user": "ada", "token": given.get("variables", {{}}).get("token")}},
    "tell": given.get("outputs"),
}}
pathlib.Path(os.environ["PURVEYOR_RESULT"]).write_text(json.dumps(results.get(step or name, {{}})))
"""


@dataclass
class Thing(OwnService):
    """A service of programs, and what they were told."""

    folder: Path

    @property
    def log(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def given(self, program: str) -> dict[str, Any]:
        """What a program got last."""
        found = json_text.parse((self.folder / f"given-{program}.json").read_text())
        assert isinstance(found, dict)
        return found

    def order(self, word: str, step: str) -> None:
        (self.folder / word).write_text(step)

    def relent(self) -> None:
        for word in ("fail", "hang", "hangs"):
            (self.folder / word).unlink(missing_ok=True)

    def start_hanging(self, action: str, step: str, **parameters: Any) -> Any:
        """Start an action that stays in a step."""
        self.order("hang", step)
        child = self.pipeline.start(self.emulator.request_action(self.id, action, parameters))
        wait_for(self.folder / "hangs")
        return child

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run another command of Purveyor."""
        environment = {**self.pipeline.environment, **self.emulator.environment()}
        return run_command(*words, cwd=self.folder, env=environment, stdin=stdin)

    def call(self, *words: str) -> str:
        done = self.command(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


def wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} did not come"
        time.sleep(0.02)


@pytest.fixture
def thing(tmp_path: Path, clean_environment: Mapping[str, str]) -> Iterator[Thing]:
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "purveyor.yaml").write_text(CATALOG)
    program = PROGRAM.format(python=sys.executable, here=folder, token=TOKEN)
    for name in ("make", "unmake", "announce", "tell", "grant"):
        (folder / name).write_text(program)
        (folder / name).chmod(0o755)
    environment = {**clean_environment, "PURVEYOR_CACHE": str(tmp_path / "cache")}
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "size": attribute("number", "create", "update"),
            "address": attribute("string"),
        },
    }
    shown: JsonObject = {
        "type": "object",
        "properties": {
            "user": attribute("string"),
            "token": {**attribute("string"), "secret": True},
        },
    }
    seed: JsonObject = {
        "specifications": [
            {
                "slug": "thing",
                "attributes": schema,
                "actions": [{"slug": "get-credentials", "type": "custom"}],
                "links": [{"slug": "reader", "attributes": shown}],
            }
        ]
    }
    with Emulator.running(seed=seed) as emulator:
        service = str(emulator.create_service("thing", name="news")["id"])
        yield Thing(Pipeline(folder, environment, emulator), emulator, service, folder)


def test_a_service_of_programs_lives_and_ends(thing: Thing) -> None:
    assert "sound" in thing.call("validate")
    made = thing.run("create", size=3)
    assert (made.code, made.reason) == (0, "DONE"), made.stderr
    assert made.outcome["message"] == "Created service news (thing)."
    assert (made.outcome["state_key"], made.outcome["results"]) == ("", {"address": "db-3"})
    assert thing.given("announce")["steps"]["make"]["address"] == "db-3"

    assert thing.run("update", size=4).code == 0
    assert thing.attributes() == {"size": 4, "address": "db-4"}
    told = thing.run("get-credentials")
    assert told.code == 0, told.stderr
    assert thing.given("tell")["outputs"] == {"address": "db-4", "token": TOKEN}

    asked = [thing.emulator.request_action(thing.id, "delete") for _ in range(2)]
    update = thing.emulator.request_action(thing.id, "update", {"size": 5})
    gone = thing.pipeline.run(asked[0])
    assert (gone.code, gone.outcome["message"]) == (0, "Deleted service news (thing).")
    assert thing.log[-2:] == ["delete announce", "delete make"]
    assert thing.given("make")["steps"]["make"] == {"address": "db-4", "token": TOKEN}
    again = thing.pipeline.run(asked[1])
    assert (again.code, again.reason) == (0, "NOTHING_TO_DO")
    assert "it was deleted before" in str(again.outcome["message"])
    refused = thing.pipeline.run(update)
    assert (refused.code, refused.reason) == (12, "NOT_CREATED")
    assert TOKEN not in made.stdout + made.stderr + gone.stderr + told.stderr
    assert not list(thing.folder.rglob("*.tfstate"))


def test_a_link_reads_what_a_service_without_a_state_gave(thing: Thing) -> None:
    assert thing.run("create", size=3).code == 0
    asked = thing.emulator.request_action(thing.id, "delete")
    link = str(thing.emulator.create_link(thing.id, "reader", name="app")["id"])
    made = thing.pipeline.run(thing.emulator.request_action(link, "create"))
    assert made.code == 0, made.stderr
    assert thing.given("grant")["variables"] == {"where": "db-3", "token": TOKEN}
    assert thing.given("grant")["service_outputs"] == {"address": "db-3", "token": TOKEN}
    assert TOKEN not in made.stdout + made.stderr
    refused = thing.pipeline.run(asked)
    assert (refused.code, refused.reason) == (13, "LINKS_REMAIN")
    assert thing.pipeline.run(thing.emulator.request_action(link, "delete")).code == 0
    assert thing.run("delete").code == 0


@pytest.mark.slow
def test_a_create_that_is_refused_made_nothing(thing: Thing) -> None:
    assert thing.run("create").code == 12
    refused = thing.run("update", size=3)
    assert (refused.code, refused.reason) == (12, "NOT_CREATED")
    store = thing.emulator.platform.store
    store.entity(Kind.SERVICE, thing.id).status = EntityStatus.ACTIVE
    gone = thing.run("delete")
    assert (gone.code, gone.reason) == (0, "NOTHING_TO_DO")
    assert not (thing.folder / "log").exists()


@pytest.mark.slow
def test_a_run_that_is_stopped_is_followed_by_one_that_goes_on(thing: Thing) -> None:
    child = thing.start_hanging("create", "announce", size=3)
    child.send_signal(signal.SIGTERM)
    stopped = finish(child)
    assert (stopped.code, stopped.reason) == (18, "CANCELLED"), stopped.stderr
    thing.relent()
    assert thing.run("create", size=3).code == 0


def test_the_next_run_goes_on_where_one_was_killed(thing: Thing) -> None:
    child = thing.start_hanging("create", "announce", size=3)
    child.kill()
    child.communicate()
    thing.relent()
    made = thing.run("create", size=3)
    assert made.code == 0, made.stderr
    assert thing.call("journal", "list").count("create") == 2
    assert "What no module makes has no state" in thing.call("state", "list")


@pytest.mark.slow
def test_finish_ends_what_was_killed_and_nobody_has_to_settle_it(thing: Thing) -> None:
    thing.order("hang", "announce")
    asked = thing.emulator.request_action(thing.id, "create", {"size": 3})
    child = thing.pipeline.start(asked)
    wait_for(thing.folder / "hangs")
    child.kill()
    child.communicate()
    thing.relent()
    done = thing.command("finish", "--context", "-", stdin=json_text.write(asked))
    assert done.returncode == 0, done.stderr
    assert thing.emulator.action(action_id(asked))["status"] == "failed"
    assert "state settle" not in done.stdout + done.stderr
    made = thing.run("create", size=3)
    assert made.code == 0, made.stderr


def test_two_runs_on_one_service_go_one_after_the_other(thing: Thing) -> None:
    assert thing.run("create", size=3).code == 0
    first = thing.start_hanging("update", "announce", size=4)
    refused = thing.pipeline.run(
        thing.emulator.request_action(thing.id, "update", {"size": 5}), "--lock-timeout", "0.2"
    )
    assert (refused.code, refused.reason) == (14, "STATE_LOCKED"), refused.stderr
    second = thing.pipeline.start(thing.emulator.request_action(thing.id, "update", {"size": 6}))
    time.sleep(1)
    (thing.folder / "hang").unlink()
    assert finish(first).code == 0
    assert finish(second).code == 0
    assert thing.log[-4:] == ["update make", "update announce", "update make", "update announce"]
    assert thing.attributes()["size"] == 6
