"""What the release before the redesign has left is read, gone on with, swept, settled and shown."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text

if TYPE_CHECKING:
    from made_before_fixtures import MadeBefore

    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


def lines(text: str) -> list[dict[str, Any]]:
    found: list[Any] = [json_text.parse(line) for line in text.splitlines()]
    return found


def test_the_journal_lists_and_shows_every_action(before: MadeBefore) -> None:
    listed = lines(before.command("journal", "list", "--json").stdout)
    reasons = {each["action"]: (each["status"], each["reason"]) for each in listed}
    expected = {
        "created": ("success", "DONE"),
        "updated": ("success", "DONE"),
        "linked": ("success", "DONE"),
        "refused": ("failed", "PARAMETER_INVALID"),
        "failed": ("failed", "ENGINE_FAILED"),
        "unheard": ("success", "DONE"),
        "killed": (None, None),
        "g1": ("success", "DONE"),
        "deleted": ("success", "DONE"),
    }
    assert reasons == {str(before.actions[what]["id"]): each for what, each in expected.items()}
    shown: Any = json_text.parse(
        before.command("journal", "show", "--json", str(before.actions["killed"]["id"])).stdout
    )
    (attempt,) = shown["attempts"]
    assert (attempt["phase"], attempt["slug"], attempt["ci"]) == ("apply", "killed", "github")
    assert (attempt["platform_heard"], attempt["state_key"]) == (False, "")


def test_states_are_listed_and_shown(before: MadeBefore) -> None:
    listed = lines(before.command("state", "list", "--json").stdout)
    slugs = {each["slug"] for each in listed}
    assert slugs == {"orders-db", "checkout-orders", "failed", "unheard"}
    shown: Any = json_text.parse(before.command("state", "show", "orders-db", "--json").stdout)
    assert shown["id"] == before.ids["db"]


def test_a_repeated_delivery_is_answered_from_the_journal(before: MadeBefore) -> None:
    unheard = before.actions["unheard"]
    done = before.pipeline.run(unheard["notification"])
    assert (done.code, done.reason) == (0, "DONE")
    assert "It was carried out before." in str(done.outcome["notes"])
    assert before.status("unheard") == "success"
    assert before.emulator.entity("service", before.ids["unheard"])["status"] == "active"


def test_an_update_that_asks_for_nothing_changes_nothing(before: MadeBefore) -> None:
    # The platform fills in the default of what is not asked for.
    for asked in (before.ask("db", "update"), before.ask("link", "update", access="write")):
        done = before.pipeline.run(asked)
        assert (done.code, done.outcome["changes"]) == (0, []), done.stderr


def test_what_was_made_then_is_deleted_now(before: MadeBefore) -> None:
    for what in ("link", "db"):
        done = before.pipeline.run(before.ask(what, "delete"))
        assert (done.code, done.reason) == (0, "DONE"), done.stderr
    assert not list(before.states.rglob("orders-db.tfstate"))


def test_a_module_that_is_gone_from_the_catalog_is_taken_from_its_capsule(
    before: MadeBefore, engine: EngineBinary
) -> None:
    if engine.name != "opentofu":
        pytest.skip("the engine of then is not here")
    shutil.rmtree(before.pipeline.catalog / "modules/mysql-database")
    (before.pipeline.catalog / "purveyor.yaml").write_text(
        "version: 1\nbackend: {type: local, path: .purveyor/state}\n"
    )
    done = before.pipeline.run(before.ask("link", "delete"))
    assert (done.code, done.reason) == (0, "DONE"), done.stderr


def test_what_was_never_built_is_known_to_be_nothing(before: MadeBefore) -> None:
    store = before.emulator.platform.store
    store.any_entity(before.ids["refused"]).status = type(
        store.any_entity(before.ids["refused"]).status
    ).ACTIVE
    done = before.pipeline.run(before.ask("refused", "delete"))
    assert (done.code, done.reason) == (0, "NOTHING_TO_DO")
    assert "nothing was ever created" in str(done.outcome["message"])


def test_a_change_that_was_killed_is_refused_until_somebody_has_looked(before: MadeBefore) -> None:
    def create() -> object:
        return before.pipeline.run(before.ask("killed", "create", queue_name="killed")).reason

    assert create() == "NEEDS_RECOVERY"
    target = f"service/{before.ids['killed']}"
    settled = before.command("state", "settle", target, "--reason", "looked")
    assert settled.returncode == 0, settled.stderr
    assert create() == "DONE"


def test_finish_tells_an_ending_that_the_platform_did_not_hear(before: MadeBefore) -> None:
    notification = json_text.write(before.actions["unheard"]["notification"])
    done = before.command("finish", "--context", "-", stdin=notification)
    assert done.returncode == 0, done.stderr
    assert before.status("unheard") == "success"
    assert not list((before.states / "journal/open").glob(str(before.actions["unheard"]["id"])))


def test_finish_ends_a_run_that_was_killed(before: MadeBefore) -> None:
    notification = json_text.write(before.actions["killed"]["notification"])
    done = before.command("finish", "--context", "-", stdin=notification)
    assert done.returncode == 19, done.stderr
    assert before.status("killed") == "failed"


def test_a_sweep_ends_what_was_left_open(before: MadeBefore) -> None:
    done = before.command("sweep", "--json")
    assert done.returncode == 0, done.stdout
    swept: Any = json_text.parse(done.stdout)
    told = {each["action"]: each["done"] for each in swept["actions"]}
    assert told == {
        before.actions["unheard"]["id"]: "reported as success (DONE)",
        before.actions["killed"]["id"]: "reported as failed (RUNNER_LOST)",
    }
    assert (before.status("unheard"), before.status("killed")) == ("success", "failed")
    assert before.pipeline.run(before.ask("killed", "create", queue_name="killed")).code == 19
