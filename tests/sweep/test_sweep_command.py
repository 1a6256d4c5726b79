"""`purveyor sweep` and `purveyor journal` as a schedule and a person call them."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - tests start the real command
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from purveyor import json_text
from warm_commands import run_command

if TYPE_CHECKING:
    from sweep_fixtures import Stage

    from purveyor.json_text import JsonObject


def start(
    stage: Stage, *words: str, stdout: IO[str] | int = subprocess.PIPE, **environ: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "purveyor", *words],
        cwd=stage.catalog,
        env=_environment(stage, **environ),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def _environment(stage: Stage, **environ: str) -> dict[str, str]:
    settings, platform = stage.settings.for_children(), stage.emulator.environment()
    return {**settings, **platform, "PURVEYOR_DEAD_AFTER": "0", **environ}


def run(stage: Stage, *words: str, **environ: str) -> tuple[int, str, str]:
    done = run_command(*words, cwd=stage.catalog, env=_environment(stage, **environ))
    return done.returncode, done.stdout, done.stderr


def parse(text: str) -> JsonObject:
    value = json_text.parse(text)
    assert isinstance(value, dict)
    return value


def test_a_sweep_ends_what_is_dead_and_says_so(stage: Stage) -> None:
    begin = stage.begin()
    stage.double.github_run("completed", conclusion="cancelled")
    code, out, err = run(stage, "sweep")
    assert (code, err) == (0, "")
    (row,) = [line.split("\t") for line in out.splitlines()]
    assert row[1:4] == ["action", "no", "orders-db"]
    assert row[5:9] == [
        "reported as failed (RUNNER_LOST)",
        begin.action,
        f"service {begin.entity}",
        "1",
    ]
    assert row[9] == begin.identity.url
    assert stage.shown(begin) == "failed"
    assert run(stage, "sweep") == (0, "", "")


def test_what_needs_a_person_is_19_and_json(stage: Stage) -> None:
    begin = stage.begin()
    code, out, _ = run(stage, "sweep", "--json", "--dry-run")
    told = parse(out)
    assert code == 19
    assert (told["needs_person"], told["dry_run"], told["locks"]) == (True, True, [])
    assert isinstance(told["actions"], list)
    (action,) = told["actions"]
    assert isinstance(action, dict)
    assert (action["action"], action["run_url"]) == (begin.action, begin.identity.url)
    assert (action["kind"], action["entity"]) == ("service", begin.entity)


def test_a_silence_that_is_no_number_is_refused_before_anything_is_judged(bucket: Stage) -> None:
    begin = bucket.begin()
    bucket.double.github_run("completed")
    code, _, err = run(bucket, "sweep", PURVEYOR_DEAD_AFTER="soon")
    assert (code, "PURVEYOR_DEAD_AFTER" in err) == (11, True)
    assert bucket.open() == [begin.action]


def test_a_run_that_was_heard_just_now_is_left_alone(bucket: Stage) -> None:
    begin = bucket.begin()
    bucket.double.github_run("completed")
    code, out, _ = run(bucket, "sweep", PURVEYOR_DEAD_AFTER="")
    assert (code, "left alone" in out) == (0, True)
    assert bucket.open() == [begin.action]


def test_without_the_platforms_key_nothing_is_ended(bucket: Stage) -> None:
    begin = bucket.begin()
    bucket.double.github_run("completed")
    code, out, _ = run(bucket, "sweep", NULLPLATFORM_API_KEY="")
    assert code == 19
    assert "platform" in out
    assert bucket.open() == [begin.action]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_loop_ends_by_a_signal(bucket: Stage, number: signal.Signals) -> None:
    child = start(bucket, "sweep", "--loop", "1", "--json")
    assert child.stdout is not None
    first, second = child.stdout.readline(), child.stdout.readline()
    child.send_signal(number)
    child.communicate(timeout=20)
    assert child.returncode == 0
    assert parse(first)["actions"] == parse(second)["actions"] == []


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_sweep_that_nobody_can_read_does_its_work(bucket: Stage, words: tuple[str, ...]) -> None:
    bucket.begin()
    bucket.double.github_run("completed")
    with Path("/dev/full").open("w") as full:
        child = start(bucket, "sweep", *words, stdout=full)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 0, said
    assert said == "purveyor: Standard output cannot be written (No space left on device).\n"
    assert bucket.open() == []


def test_a_backend_without_a_journal_says_so(bucket: Stage) -> None:
    backend = {"type": "http", "address": "https://states.example.com/{name}"}
    (bucket.catalog / "purveyor.yaml").write_text(
        json_text.write({"version": 1, "backend": backend})
    )
    code, _, err = run(bucket, "sweep")
    assert code == 11
    assert "no journal" in err
    assert "cannot be told from one that none took" in err


def test_the_journal_lists_what_is_open_and_what_was(stage: Stage) -> None:
    done, open_one = stage.begin(), stage.begin(run=101)
    stage.end(done)
    stage.journal.close(done)
    _, out, _ = run(stage, "journal", "list", "--open")
    assert [line.split("\t")[5] for line in out.splitlines()] == [open_one.action]
    _, out, _ = run(stage, "journal", "list", "--json")
    told = {str(each["action"]): each for each in map(parse, out.splitlines())}
    assert set(told) == {done.action, open_one.action}
    assert (told[done.action]["status"], told[done.action]["platform_heard"]) == ("success", True)
    assert told[open_one.action]["status"] is None
    assert told[open_one.action]["platform_heard"] is False


def test_the_journal_shows_every_attempt_without_values(stage: Stage) -> None:
    begin = stage.begin()
    stage.beat(begin, ago=900, lock_id="l-1")
    second = stage.follow(begin)
    stage.end(second, results={"endpoint": "hidden-from-lists"})
    _, out, _ = run(stage, "journal", "show", begin.action, "--json")
    attempts = parse(out)["attempts"]
    assert isinstance(attempts, list)
    first, last = attempts
    assert isinstance(first, dict)
    assert isinstance(last, dict)
    assert (first["phase"], first["lock_id"], first["status"]) == ("apply", "l-1", None)
    assert (last["attempt"], last["status"], last["results"]) == (2, "success", ["endpoint"])
    _, prose, _ = run(stage, "journal", "show", begin.action)
    assert "attempt 2" in prose
    assert "hidden-from-lists" not in out + prose


def test_an_unknown_action_is_19(stage: Stage) -> None:
    code, _, err = run(stage, "journal", "show", "nothing")
    assert code == 19
    assert "purveyor journal list" in err


def ask_for_a_database(stage: Stage) -> str:
    """Ask for one three hours ago, of which no run was ever told; return the action's id."""
    service = str(stage.emulator.create_service("mysql-database", name="orders-db")["id"])
    sent = stage.emulator.request_action(service, "create", {"database_name": "orders"})
    inner = sent["notification"]
    assert isinstance(inner, dict)
    stage.emulator.age_action(str(inner["id"]), 3 * 3600 + 60)
    return str(inner["id"])


def test_with_a_place_what_no_run_took_is_ended(stage: Stage) -> None:
    (stage.catalog / "modules/mysql-database").mkdir(parents=True)
    action = ask_for_a_database(stage)
    code, out, err = run(stage, "sweep", "--nrn", "organization=4001:account=4002")
    assert (code, err) == (0, "")
    rows = {line.split("\t")[6]: line.split("\t") for line in out.splitlines()}
    assert rows[action][4:6] == [
        "pending for 3 h, and no run took it",
        "reported as failed (RUN_NOT_STARTED)",
    ]
    assert stage.emulator.action(action)["status"] == "failed"


def test_place_and_patience_are_read_from_the_environment(bucket: Stage) -> None:
    (bucket.catalog / "modules/mysql-database").mkdir(parents=True)
    action = ask_for_a_database(bucket)
    place = {"PURVEYOR_NRN": "organization=1 organization=4001"}
    code, out, _ = run(bucket, "sweep", "--json", PURVEYOR_UNCLAIMED_AFTER="4h", **place)
    told = parse(out)["platform"]
    assert isinstance(told, dict)
    assert (code, told["places"]) == (0, ["organization=1", "organization=4001"])
    assert bucket.emulator.action(action)["status"] == "pending"
    run(bucket, "sweep", PURVEYOR_UNCLAIMED_AFTER="3h", **place)
    assert bucket.emulator.action(action)["status"] == "failed"


def test_a_wait_that_is_none_is_refused_whichever_way_it_comes(bucket: Stage) -> None:
    code, _, err = run(bucket, "sweep", "--nrn", "organization=1", "--unclaimed-after", "2")
    assert (code, "such as 90min" in err) == (2, True)
    code, _, err = run(bucket, "sweep", "--nrn", "x=1", PURVEYOR_UNCLAIMED_AFTER="5s")
    assert (code, "PURVEYOR_UNCLAIMED_AFTER: it is less than 60s" in err) == (2, True)


def test_a_key_that_may_not_list_is_19_and_named_in_the_table(bucket: Stage) -> None:
    bucket.emulator.fault("status", status=403, method="GET", path="/service", count=-1)
    try:
        code, out, _ = run(bucket, "sweep", "--nrn", "organization=4001")
    finally:
        bucket.emulator.clear_faults()
    assert code == 19
    (row,) = [line.split("\t") for line in out.splitlines() if "\tplatform\t" in line]
    assert "list the services" in row[4]
    assert "roles" in row[5]


def test_without_a_place_the_platform_is_asked_for_no_list(bucket: Stage) -> None:
    bucket.emulator.platform.recorder.clear()
    assert run(bucket, "sweep")[0] == 0
    assert bucket.emulator.requests() == []
