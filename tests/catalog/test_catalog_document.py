"""YAML is read as editors read it, and every fault knows its place."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import yaml

from purveyor.catalog.document import Document, read_document

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str) -> Document:
    path = folder / "purveyor.yaml"
    path.write_text(text)
    return read_document(path)


def shown(document: Document) -> list[str]:
    return [str(fault) for fault in document.faults]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", Decimal(1000)),
        ("1.10", Decimal("1.10")),
        ("12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        ("true", True),
        ("~", None),
        ("", None),
        ('"1.10"', "1.10"),
        ("!!str 1.10", "1.10"),
        ("- a\n- [b, 1]", ["a", ["b", 1]]),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(tmp_path: Path, text: str, value: object) -> None:
    document = read(tmp_path, text)
    assert shown(document) == []
    assert document.value == value
    assert type(document.value) is type(value)


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    assert str(read(tmp_path, "1.10").value) == "1.10"


def test_a_slug_that_looks_like_a_boolean_or_number_stays_a_key(tmp_path: Path) -> None:
    assert read(tmp_path, "{on: 1, 8.0: 2, null: 3}").value == {"on": 1, "8.0": 2, "null": 3}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: {c: 1, c: 2}", "purveyor.yaml:2:11: b.c: the key stands twice in one mapping"),
        ("a: 0123", "purveyor.yaml:1:4: a: a number with zeros in front: quote it if it is text"),
        ("a: .inf", "purveyor.yaml:1:4: a: JSON has no such number"),
        (
            "a: !!binary x",
            "purveyor.yaml:1:4: a: the tag tag:yaml.org,2002:binary is not read here",
        ),
        ("a: !ref x", "purveyor.yaml:1:4: a: the tag !ref is not read here"),
        ("a: !ref {b: c}", "purveyor.yaml:1:4: a: the tag !ref is not read here"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "purveyor.yaml:3:3: c: merge keys (<<) are not read"),
        ("{[a]: b}", "purveyor.yaml:1:2: a key must be text"),
        ("a: [b", "not YAML: "),
        ("a: 1\n\tb: 2", "purveyor.yaml:2:1: not YAML: "),
        ("a: 1\n---\nb: 2", "purveyor.yaml:2:1: not YAML: but found another document"),
        ("a: &x [*x]", "nested deeper than 64 levels"),
        ("a: " + "[" * 70 + "]" * 70, "nested deeper than 64 levels"),
        ("a: " + "9" * 5000, "purveyor.yaml:1:4: a: the number is too long"),
    ],
)
def test_what_cannot_be_meant_is_a_fault_with_its_place(
    tmp_path: Path, text: str, fault: str
) -> None:
    faults = shown(read(tmp_path, text))
    assert len(faults) == 1
    assert fault in faults[0]


def test_a_document_that_multiplies_itself_is_stopped(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    faults = shown(read(tmp_path, "\n".join(lines)))
    assert [fault.split(": ")[-1] for fault in faults] == ["more than 100000 values"]


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    assert len(shown(read(tmp_path, "a: 01\na: 2\nb: !x y"))) == 3


def test_a_file_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "purveyor.yaml"
    path.write_bytes(b"a: \xff")
    assert shown(read_document(path)) == ["purveyor.yaml:1:1: cannot be read: it is not UTF-8 text"]


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "purveyor.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_document(path).value == {"a": 1}


def test_the_slow_parser_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x [1.10, no]\nb: *x\nc: 01\na: 2"
    fast = read(tmp_path, text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    slow = read(tmp_path, text)
    assert (slow.value, shown(slow)) == (fast.value, shown(fast))
