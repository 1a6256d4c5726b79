"""Seeds: the default one, one's own, and ones at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor_emulator import DEFAULT_SEED, Emulator, SeedError
from purveyor_emulator.seed import parse_seed, read_seed
from purveyor_emulator.store import PlatformStore

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN: Any = {
    "api_key": "a.b",
    "place": {"organization": {"id": 9, "slug": "small"}},
    "specifications": [
        {
            "slug": "cache",
            "attributes": {
                "type": "object",
                "properties": {
                    "size": {"type": "number", "multipleOf": 0.5, "editableOn": ["create"]},
                    "internal_id": {"type": "string", "editableOn": [], "visibleOn": []},
                    "endpoint": {"type": "string", "editableOn": []},
                    "users": {
                        "type": "array",
                        "editableOn": [],
                        "items": {
                            "type": "object",
                            "properties": {"key": {"type": "string", "secret": True}},
                        },
                    },
                },
            },
            "actions": [
                {
                    "slug": "move",
                    "results": {
                        "properties": {"redis_endpoint": {"type": "string", "target": "endpoint"}}
                    },
                }
            ],
        }
    ],
    "services": [{"name": "One", "specification": "cache", "status": "active", "id": "s-1"}],
}


def test_the_default_seed_has_the_example_s_specifications() -> None:
    store = PlatformStore(read_seed())
    templates = [each for each in store.specifications.by_id.values() if each.kind != "action"]
    assert [each.slug for each in templates] == ["sqs-queue", "mysql-database", "database-user"]
    assert store.entities == {}


def test_a_seed_reads_the_same_as_json_and_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(json_text.write(HIDDEN))
    other = tmp_path / "seed.yaml"
    other.write_text(json_text.write(HIDDEN))
    assert read_seed(path) == read_seed(other) == parse_seed(HIDDEN)


def test_specifications_keep_their_ids_from_start_to_start() -> None:
    stores = [PlatformStore(read_seed()), PlatformStore(read_seed(DEFAULT_SEED))]
    ids, again = [list(each.specifications.by_id) for each in stores]
    assert len(set(ids)) == 13
    assert ids == again


def test_a_seed_brings_services_a_key_and_a_place() -> None:
    with Emulator.running(seed=HIDDEN) as emulator:
        assert emulator.api_key == "a.b"
        found = emulator.entity("service", "s-1")
        assert (found["status"], found["entity_nrn"]) == ("active", "organization=9")


def report(emulator: Emulator, action: str, results: Any, parameters: Any = None) -> Any:
    from purveyor_emulator.actions import report_on

    envelope: Any = emulator.request_action("s-1", action, parameters)
    found = emulator.platform.store.actions[envelope["notification"]["id"]]
    report_on(found, {"status": "success", "results": results})
    return emulator.entity("service", "s-1")["attributes"]


def test_what_no_one_may_see_is_dropped_without_a_word() -> None:
    with Emulator.running(seed=HIDDEN) as emulator:
        shown = report(emulator, "update", {"internal_id": "i-1", "endpoint": "e"})
        assert shown == {"endpoint": "e"}
        assert emulator.secret("service", "s-1", "internal_id") is None


def test_a_result_can_name_the_attribute_it_sets() -> None:
    with Emulator.running(seed=HIDDEN) as emulator:
        assert report(emulator, "move", {"redis_endpoint": "e"}) == {"endpoint": "e"}


def test_secrets_inside_lists_read_back_as_null() -> None:
    with Emulator.running(seed=HIDDEN) as emulator:
        shown = report(emulator, "update", {"users": [{"key": "geheim"}]})
        assert shown == {"users": [{"key": None}]}
        assert "geheim" not in json_text.write(emulator.view())


def test_fractions_are_checked_as_numbers() -> None:
    with Emulator.running(seed=HIDDEN) as emulator:
        half = json_text.parse('{"size": 1.5}')
        assert report(emulator, "create", {}, half) == half


def test_notifications_carry_secrets_only_when_the_seed_says_so() -> None:
    seed = {**HIDDEN, "clear_secrets": True}
    with Emulator.running(seed=seed) as emulator:
        report(emulator, "update", {"users": [{"key": "geheim"}]})
        envelope: Any = emulator.request_action("s-1", "update")
        users = envelope["notification"]["service"]["attributes"]["users"]
        assert users == [{"key": "geheim"}]


def test_all_faults_of_a_seed_are_named_at_once() -> None:
    bad: Any = {"specifications": [{"slug": "Bad Slug"}, {"name": "x"}], "colour": "red"}
    with pytest.raises(SeedError) as caught:
        parse_seed(bad)
    assert len(caught.value.details) == 3
    assert caught.value.exit_code == 11


def test_a_faulty_schema_is_found_where_it_stands() -> None:
    link: Any = {"slug": "user", "attributes": {"type": "objekt"}}
    with pytest.raises(SeedError) as caught:
        parse_seed({"specifications": [{"slug": "db", "links": [link]}]})
    [fault] = caught.value.details
    assert fault.startswith("$.specifications[0].links[0].attributes.type: ")


@pytest.mark.parametrize("text", ["a: [", "a: 2026-01-01", "- x", ""])
def test_a_file_that_is_no_seed_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(text)
    with pytest.raises(SeedError):
        read_seed(path)


def test_a_service_of_an_unknown_specification_is_a_fault_of_the_seed() -> None:
    bad: Any = {"specifications": [], "services": [{"name": "x", "specification": "none"}]}
    with pytest.raises(SeedError) as caught, Emulator.running(seed=bad):
        pass
    assert caught.value.details == ("The service specification none was not found",)
