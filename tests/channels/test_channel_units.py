"""What a channel says, whom it doubles, what would change: without a platform."""

from __future__ import annotations

import subprocess  # noqa: TID251 - the engine formats it
from typing import TYPE_CHECKING, Any

import pytest

from purveyor.catalog import load_catalog
from purveyor.channels.model import build_channel, find_slugs, name_channel, read_target
from purveyor.channels.overlap import judge, refuse_doubles
from purveyor.channels.platform import find_same, list_changes, mask
from purveyor.channels.terraform import write_terraform
from purveyor.errors import GuardError
from purveyor.hcl.module import choose_parser
from purveyor.hcl.native_syntax import read_native
from purveyor_emulator.filters import matches

if TYPE_CHECKING:
    from pathlib import Path

    from real_programs import RealPrograms

GITHUB: Any = {
    "account": "acme",
    "repository": "catalog",
    "workflow_id": "provision.yml",
    "installation_id": "12345678",
}
SLUG = "service.specification.slug"


def build(kind: str = "github", given: Any = None, **current: Any) -> Any:
    given = GITHUB if given is None else given
    channel = build_channel(kind, given, {}, ["mysql", "sqs"], current)
    return {"nrn": "organization=1:account=2", **channel}


def test_a_catalogs_services_are_found_and_groups_of_modules_are_not(catalog: Path) -> None:
    assert find_slugs(load_catalog(catalog)) == ["mysql-database", "sqs-queue"]


def test_the_filter_takes_actions_of_the_services_and_of_their_links_alone() -> None:
    filters = build()["filters"]
    links: Any = (None, {"specification": {"slug": "user"}})
    for link in links:
        assert matches(filters, {"service": {"specification": {"slug": "sqs"}}, "link": link})
    assert not matches(filters, {"service": {"specification": {"slug": "redis"}}})
    assert not matches(filters, {})


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("github", "acme/catalog", {k: GITHUB[k] for k in GITHUB if k != "installation_id"}),
        ("gitlab", "4711", {"project_id": "4711"}),
        (
            "azure",
            "acme/infra one/7",
            {"organization": "acme", "project": "infra one", "pipeline_id": 7},
        ),
        ("http", "https://a.example:8443/x?y=1", {"url": "https://a.example:8443/x?y=1"}),
        ("http", "http://[::1]:8080", {"url": "http://[::1]:8080"}),
    ],
)
def test_a_target_is_read_by_its_type(kind: str, text: str, found: Any) -> None:
    assert read_target(kind, text, "provision.yml") == found


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("github", "acme"),
        ("github", "acme/cat/alog"),
        ("github", "acme/ca talog"),
        ("gitlab", "acme/catalog"),
        ("azure", "acme/infra"),
        ("azure", "acme/infra/seven"),
        ("http", "ftp://a.example/"),
        ("http", "https://user:geheim@a.example/"),
        ("http", "https:///x"),
        ("http", "https://a.example/ x"),
        ("http", "https://a.example/#x"),
    ],
)
def test_a_wrong_target_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"a {kind} channel takes"):
        read_target(kind, text, "provision.yml")


def test_a_new_channel_is_whole_and_its_description_fits() -> None:
    channel = build(given={**GITHUB, "repository": "x" * 90})
    assert (channel["type"], channel["source"], channel["status"]) == (
        "github",
        ["service"],
        "active",
    )
    assert channel["configuration"]["reference"] == "main"
    assert len(channel["description"]) == 64
    assert "reference" not in build("http", {"url": "https://a.example/"})["configuration"]


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("github", {**GITHUB, "installation_id": ""}, "--installation-id"),
        ("gitlab", {"project_id": "1", "headers": {"a": "b"}}, "no headers"),
        ("http", {"url": "https://a.example/", "reference": "main"}, "no reference"),
        ("http", {"url": "http://a.example/", "headers": {"a": "b"}}, "https"),
        ("slack", {}, "not Purveyor's"),
    ],
)
def test_what_is_missing_or_does_not_fit_is_said(kind: str, given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(kind, given)


def test_what_nobody_named_stays_as_it_is() -> None:
    current: Any = {"configuration": {**GITHUB, "reference": "prod"}, "description": "ours"}
    channel = build(given={}, **current)
    assert channel["configuration"]["reference"] == "prod"
    assert channel["description"] == "ours"


@pytest.mark.parametrize(
    ("query", "truth"),
    [
        ({}, True),
        ({SLUG: "sqs"}, True),
        ({SLUG: {"$eq": "redis"}}, False),
        ({SLUG: {"$in": ["sqs", "redis"]}}, True),
        ({SLUG: {"$nin": ["sqs"]}}, False),
        ({SLUG: {"$ne": "sqs"}}, False),
        ({SLUG: {"$not": {"$in": ["redis"]}}}, True),
        ({SLUG: {"$regex": "^s"}}, None),
        ({"action": "service:action:create"}, None),
        ({"action": "service:action:create", SLUG: "redis"}, False),
        ({"$and": [{SLUG: "sqs"}, {"type": "create"}]}, None),
        ({"$or": [{SLUG: "redis"}, {SLUG: "sqs"}]}, True),
        ({"$or": [{SLUG: "redis"}, {"type": "create"}]}, None),
        ({"$or": [{SLUG: "redis"}, {"arguments.service_specification.slug": "sqs"}]}, False),
        ({"$nor": [{SLUG: "sqs"}]}, False),
        ({"$nor": [{SLUG: "redis"}]}, True),
    ],
)  # fmt: skip
def test_a_foreign_filter_is_judged_by_the_slug_alone(query: Any, truth: Any) -> None:
    assert judge(query, "sqs") is truth


def other(**changed: Any) -> Any:
    return {**build(), "id": 9, "type": "agent", "description": "theirs", **changed}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"filters": {}},
        {"filters": None},
        {"nrn": "organization=1"},
        {"nrn": "organization=1:account=2:namespace=3"},
        {"filters": {SLUG: {"$in": ["sqs", "redis"]}}},
        {"source": ["audit", "service"]},
    ],
)
def test_a_channel_that_may_take_the_same_action_is_refused_with_both_names(changed: Any) -> None:
    with pytest.raises(GuardError) as raised:
        refuse_doubles(build(), [other(**changed)], ["mysql", "sqs"], ())
    assert "github acme/catalog/provision.yml" in raised.value.message
    assert raised.value.details[0].startswith("9 (agent, theirs) also takes ")
    assert raised.value.exit_code == 13


@pytest.mark.parametrize(
    "changed",
    [
        {"filters": {SLUG: {"$in": ["redis"]}}},
        {"nrn": "organization=1:account=22"},
        {"nrn": "organization=1:account=3"},
        {"source": ["audit"]},
        {"status": "inactive"},
        {"type": "slack"},
        {"id": 7},
    ],
)
def test_a_channel_that_cannot_start_a_second_run_is_let_be(changed: Any) -> None:
    refuse_doubles(build(), [other(**changed)], ["mysql", "sqs"], (7,))


def test_a_channel_that_is_switched_off_doubles_nobody() -> None:
    refuse_doubles({**build(), "status": "inactive"}, [other()], ["mysql"], ())


def test_the_same_channel_is_found_by_place_type_and_target() -> None:
    wanted = build("azure", {"organization": "a", "project": "b", "pipeline_id": 7})
    same = {
        **wanted,
        "id": 3,
        "filters": {},
        "configuration": {**wanted["configuration"], "pipeline_id": "7"},
    }
    elsewhere = {**same, "id": 4, "nrn": "organization=1"}
    assert find_same([elsewhere, same], wanted) == same
    assert find_same([elsewhere], wanted) == {}


def test_a_diff_names_what_differs_and_masks_what_headers_hold() -> None:
    wanted = build("http", {"url": "https://a.example/", "headers": {"X-Key": "neu", "B": "b"}})
    current = {**wanted, "id": 3, "created_at": "x", "filters": {SLUG: {"$in": ["mysql"]}}}
    current["configuration"] = {"url": "https://a.example/", "headers": {"X-Key": "geheim"}}
    assert list_changes(current, wanted) == [
        ("configuration.headers.X-Key", "***", "***"),
        (f"filters.{SLUG}.$in", '["mysql"]', '["mysql", "sqs"]'),
        ("configuration.headers.B", "-", "***"),
    ]
    assert list_changes(wanted, wanted) == []


def test_what_may_be_secret_is_masked() -> None:
    own = build("http", {"url": "https://a.example/", "headers": {"X-Key": "geheim"}})
    shown = {"url": "https://a.example/", "headers": {"X-Key": "***"}}
    assert mask(own)["configuration"] == shown
    agent: Any = {"type": "agent", "configuration": {"api_key": "geheim", "selector": {"a": "b"}}}
    assert mask(agent)["configuration"] == {"api_key": "***", "selector": "***"}


def test_a_channel_is_named_so_that_a_person_finds_it() -> None:
    assert name_channel({**build(), "id": 17, "description": ""}) == (
        "17 (github acme/catalog/provision.yml)"
    )


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("github", GITHUB),
        ("gitlab", {"project_id": "4711"}),
        ("azure", {"organization": "acme", "project": "infra", "pipeline_id": 7}),
        ("http", {"url": "https://a.example/", "headers": {"X-A": "geheim", "B": "geheim"}}),
        ("http", {"url": "https://a.example/"}),
    ],
)  # fmt: skip
def test_the_resource_is_hcl_without_a_secret(kind: str, given: Any) -> None:
    text = write_terraform({**build(kind, given), "description": 'say "${x}" %{ y \\'})
    assert read_native(text, choose_parser()).faults == []
    assert "geheim" not in text
    assert '"say \\"$${x}\\" %%{ y \\\\"' in text
    assert f'jsonencode({{ "{SLUG}" = {{ "$in" = ["mysql", "sqs"] }} }})' in text


@pytest.mark.parametrize("kind", ["github", "http"])
def test_the_resource_is_formatted_as_the_engine_does(kind: str, real: RealPrograms) -> None:
    engine = real.engine("opentofu") or real.engine("terraform")
    if engine is None:
        pytest.skip("left out: no tofu and no terraform")
    given: Any = GITHUB if kind == "github" else {"url": "https://a/", "headers": {"X-A": "b"}}
    text = write_terraform(build(kind, given))
    done = subprocess.run(
        [engine.path, "fmt", "-"], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout == text
