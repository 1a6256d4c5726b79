"""What `purveyor doctor` finds on the platform, and that it finds it there only."""

from __future__ import annotations

import subprocess  # noqa: TID251 - git, which makes a commit
import time
from typing import TYPE_CHECKING, Any

import pytest
from doctor_fixtures import ACCOUNT, MODULE, filter_slugs

from purveyor.cli import doctor
from purveyor.doctor import platform
from purveyor_emulator.api_kept import KEYS

if TYPE_CHECKING:
    from doctor_fixtures import Practice


def test_where_nothing_is_wrong_nothing_is_found(practice: Practice) -> None:
    assert practice.examine() == {}
    assert practice.code == 0
    assert practice.document == {"errors": 0, "warnings": 0, "notes": 0, "findings": []}


def test_it_logs_in_once(practice: Practice) -> None:
    practice.examine()
    assert len(practice.emulator.requests(path="/token")) == 1


@pytest.mark.parametrize("key", ["", "no.key"])
def test_a_key_that_is_missing_or_refused(practice: Practice, key: str) -> None:
    found = practice.examine(NULLPLATFORM_API_KEY=key)
    assert found["platform-login"]["level"] == "error"
    assert practice.code == 19


def test_a_platform_that_does_not_answer(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_PATIENCE", 0.1)
    found = practice.examine(NULLPLATFORM_HOST="http://127.0.0.1:1")
    assert "did not answer" in found["platform-login"]["what"]


def grant(practice: Practice, *roles: str) -> None:
    key = practice.emulator.platform.store.kept[KEYS]["1"]
    key["grants"] = [{"nrn": ACCOUNT, "role_slug": role} for role in roles]


def test_a_key_that_may_do_more_than_a_run_needs(practice: Practice) -> None:
    grant(practice, "admin", "nullplatform:services-runner-terraform", "ops")
    found = practice.examine()["key-roles"]
    assert (found["level"], practice.code) == ("warning", 0)
    assert "admin, ops" in found["what"]


@pytest.mark.parametrize("masked", ["zzzz****zzzz", "****", "nothing", None])
def test_a_key_whose_roles_are_not_shown_is_said_so(practice: Practice, masked: str | None) -> None:
    practice.emulator.platform.store.kept[KEYS]["1"]["masked_api_key"] = masked
    assert practice.examine()["not-asked"]["where"] == "the API key"


def test_a_key_that_may_not_list_keys_is_said_so(practice: Practice) -> None:
    practice.emulator.fault("status", status=403, path="/api_key*", seconds=60)
    assert practice.examine()["not-asked"]["where"] == "the API key"


@pytest.mark.parametrize(("seconds", "found"), [(-120, True), (120, True), (30, False)])
def test_a_clock_that_differs(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, seconds: float, *, found: bool
) -> None:
    real = time.time
    monkeypatch.setattr(platform, "now", lambda: real() + seconds)
    assert ("clock-differs" in practice.examine()) is found


def test_a_slug_that_no_channel_lets_through(practice: Practice) -> None:
    practice.write("modules/queue/main.tf", MODULE)
    found = practice.examine()["slug-unheard"]
    assert (found["where"], found["level"]) == ("queue", "error")


def test_an_inactive_channel_is_none(practice: Practice) -> None:
    channel = practice.emulator.platform.notifications.channels[1]
    channel.status = "inactive"
    assert "slug-unheard" in practice.examine()


def test_two_channels_for_one_slug(practice: Practice) -> None:
    practice.create_channel("cache", nrn="organization=4001")
    found = practice.examine()["slug-twice"]
    assert "1 (http" in found["what"]
    assert "2 (http" in found["what"]


def test_two_channels_whose_places_never_meet_are_no_two(practice: Practice) -> None:
    practice.emulator.platform.notifications.channels[1].nrn = f"{ACCOUNT}:namespace=1"
    practice.create_channel("cache", nrn=f"{ACCOUNT}:namespace=2")
    assert practice.examine() == {}


def test_a_channel_that_lets_through_what_the_catalog_does_not_serve(practice: Practice) -> None:
    practice.emulator.platform.notifications.channels[1].filters = filter_slugs("cache", "queue")
    found = practice.examine()["slug-not-served"]
    assert "queue" in found["what"]
    assert found["where"].startswith("1 (http")


def test_a_channel_of_another_catalog_is_none_of_ours(practice: Practice) -> None:
    practice.create_channel("queue")
    assert practice.examine() == {}


def test_a_slug_without_a_specification(practice: Practice) -> None:
    practice.write("modules/lake/main.tf", MODULE)
    practice.create_channel("lake")
    assert practice.examine()["specification-missing"]["where"] == "lake"


def test_a_specification_that_does_not_fit_the_module(practice: Practice) -> None:
    practice.write("modules/cache/main.tf", MODULE.replace("number", "bool"))
    found = practice.examine()["specification-differs"]
    assert (found["level"], found["where"]) == ("error", "cache")
    assert "[type-differs]" in found["what"]


def test_a_specification_whose_instances_are_managed(practice: Practice) -> None:
    specifications = practice.emulator.platform.store.specifications
    specifications.change(specifications.by_id["spec-cache"], {"use_managed_actions": True})
    assert practice.examine()["managed-actions"]["level"] == "note"


def publish(practice: Practice, reference: str, specification: str = "spec-cache") -> None:
    store = practice.emulator.platform.store
    store.kept["/artifact_revision"]["r1"] = {"id": "r1", "meta": {"reference": reference}}
    parts: Any = [
        {"resource_type": "service_specification", "resource_id": specification},
        {"resource_type": "artifact", "resource_id": "a1", "resource_revision_id": "r1"},
    ]
    package = {"id": "p1", "nrn": ACCOUNT, "slug": "caches", "components": parts}
    store.kept["/packages"]["p1"] = package


def commit(practice: Practice) -> str:
    (practice.root / ".git/HEAD").unlink()
    identity = ("-c", "user.name=one", "-c", "user.email=one@example.com")
    made, told = ("commit", "-q", "--allow-empty", "-m", "one"), ""
    for words in (("init", "-q"), (*identity, *made), ("rev-parse", "HEAD")):
        git = ["git", *words]
        told = subprocess.run(
            git, cwd=practice.root, check=True, capture_output=True, text=True
        ).stdout
    return told.strip()


def test_a_package_that_pins_another_commit(practice: Practice) -> None:
    publish(practice, "0" * 40)
    found = practice.examine()["package-pin"]
    assert found["where"] == "the package caches"
    assert f"pins {'0' * 40}" in found["what"]


def test_a_package_that_pins_this_commit_is_sound_and_so_is_another_services(
    practice: Practice,
) -> None:
    publish(practice, commit(practice))
    assert practice.examine() == {}
    publish(practice, "0" * 40, specification="another")
    assert practice.examine() == {}


def test_without_a_place_what_is_not_asked_is_said(practice: Practice) -> None:
    found = practice.examine(PURVEYOR_NRN="")
    assert set(found) == {"not-asked"}
    assert practice.document["notes"] == 4
    assert practice.examine("--nrn", ACCOUNT, PURVEYOR_NRN="") == {}
