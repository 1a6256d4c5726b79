"""The digest of a state survives another engine and another serial, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state_fixtures import made_state

from purveyor import json_text
from purveyor.states.content import Content, compare, read_content

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject


def content(text: str) -> Content:
    return read_content(text, where="x")


def changed(text: str, **fields: object) -> str:
    document = json_text.parse(text)
    assert isinstance(document, dict)
    return json_text.write({**document, **fields})


def test_serial_engine_and_layout_do_not_matter() -> None:
    text = made_state("a", "b")
    other = changed(text, serial=99, terraform_version="1.12.6")
    assert content(other).digest == content(text).digest


def checked(*addresses: str, status: str = "pass") -> str:
    checks: list[JsonObject] = [
        {
            "object_kind": "var",
            "config_addr": each,
            "status": status,
            "objects": [{"object_addr": f"{each}[{n}]", "status": status} for n in order],
        }
        for each, order in zip(addresses, ((0, 1), (1, 0)), strict=True)
    ]
    return changed(made_state("a"), check_results=checks)


def test_the_order_of_checks_does_not_matter_but_their_status_does() -> None:
    one = content(checked("var.a", "var.b"))
    assert content(checked("var.b", "var.a")).digest == one.digest
    assert content(checked("var.a", "var.b", status="fail")).digest != one.digest


def test_the_order_of_resources_and_instances_does_not_matter() -> None:
    assert content(made_state("a", "b")).digest == content(made_state("b", "a")).digest
    resource = json_text.parse(made_state("a"))
    assert isinstance(resource, dict)
    assert isinstance(resource["resources"], list)
    counted = [{"index_key": number, "attributes": {"id": str(number)}} for number in (0, 1)]
    there, back = (
        changed(made_state("a"), resources=[{**resource["resources"][0], "instances": each}])  # type: ignore[dict-item]  # a resource is an object
        for each in (counted, counted[::-1])
    )
    assert content(there).digest == content(back).digest
    assert content(there).digest != content(made_state("a")).digest


def test_what_another_engine_leaves_out_does_not_matter() -> None:
    text = made_state("a")
    assert '"sensitive_attributes": []' in text
    lean = text.replace(',\n          "sensitive_attributes": []', "").replace(
        ',\n  "check_results": null', ""
    )
    assert "sensitive_attributes" not in lean
    assert "check_results" not in lean
    assert content(lean).digest == content(text).digest


@pytest.mark.parametrize(
    "other",
    [
        made_state("a", value="two"),
        made_state("b"),
        made_state("a", "b"),
        made_state("a", stamp="services/other"),
        made_state("a").replace("hunter2", "hunter3"),
        made_state("a").replace('"schema_version": 0', '"schema_version": 1'),
        made_state("a").replace('"triggers_replace": null', '"triggers_replace": ""'),
    ],
)
def test_anything_that_is_held_matters(other: str) -> None:
    assert content(other).digest != content(made_state("a")).digest


def test_addresses_tell_modules_indices_and_deposed_ones() -> None:
    document = json_text.parse(made_state("a"))
    assert isinstance(document, dict)
    instance: JsonObject = {"schema_version": 0, "attributes": {"id": "1"}}
    document["resources"] = [
        {
            "module": 'module.db["x.y"]',
            "mode": "managed",
            "type": "aws_instance",
            "name": "web",
            "instances": [
                {**instance, "index_key": 0},
                {**instance, "index_key": "a.b"},
                {**instance, "deposed": "12345678"},
            ],
        },
        {"mode": "data", "type": "aws_ami", "name": "x", "instances": [instance]},
    ]
    read = content(json_text.write(document))
    assert list(read.instances) == [
        'module.db["x.y"].aws_instance.web[0]',
        'module.db["x.y"].aws_instance.web["a.b"]',
        'module.db["x.y"].aws_instance.web (deposed 12345678)',
    ]
    assert read.types == {"aws_instance": 3}


def test_a_difference_names_what_comes_goes_and_changes() -> None:
    before, after = content(made_state("a", "b")), content(made_state("b", "c", value="two"))
    told = compare(before, after)
    assert (told.added, told.removed, told.changed) == (
        ("terraform_data.c",),
        ("terraform_data.a",),
        ("terraform_data.b",),
    )


@given(st.integers(min_value=0, max_value=2**53))
def test_a_new_serial_changes_nothing_else(serial: int) -> None:
    read = content(made_state("a"))
    again = content(read.with_serial(serial))
    assert again.document.serial == serial
    assert (again.digest, again.document.lineage) == (read.digest, read.document.lineage)
