"""Version constraints mean what they mean to Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor import process
from purveyor.engines.binary.constraint import parse_constraint, read_version
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "version", "allowed"),
    [
        ("", "1.12.6", True),
        ("", "1.13.0-rc1", True),
        ("1.12.6", "1.12.6", True),
        ("= 1.12", "1.12.0", True),
        ("= 1.12", "1.12.6", False),
        ("~> 1.10", "1.12.6", True),
        ("~> 1.10", "2.0.0", False),
        ("~> 1.10", "1.9.9", False),
        ("~> 1.12.4", "1.12.6", True),
        ("~> 1.12.4", "1.13.0", False),
        ("~> 1", "2.0.0", True),
        ("~> v1.10", "1.12.6", True),
        (">= 1.6, < 2", "1.12.6", True),
        (">=1.6,<2", "2.0.0", False),
        ("!= 1.12.6", "1.12.6", False),
        ("> 1.12", "1.12.6", True),
        ("<= 1.12.6", "1.12.6", True),
        (">= 1.12", "1.13.0-rc1", False),
        ("= 1.13.0-rc1", "1.13.0-rc1", True),
    ],
)
def test_a_constraint_allows_what_it_says(text: str, version: str, *, allowed: bool) -> None:
    found = read_version(version)
    assert found is not None
    assert parse_constraint(text).contains(found) is allowed


@pytest.mark.engine
@pytest.mark.parametrize(
    "text",
    ["~> 0", "~> 1", "~> 0.9", "~> 1.0", "~> 1.0.0", "1.0", "> 1.0", ">=1.0,<2", "!= 1.0", "< 1.0"],
)
def test_terraform_itself_judges_likewise(
    text: str, terraform: Path, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    block = f'terraform {{\n  required_version = "{text}"\n}}\n'
    (tmp_path / "main.tf").write_text(block, encoding="utf-8")
    argv = (str(terraform), "init", "-backend=false", "-no-color")
    done = process.run(process.Command(argv, tmp_path, clean_environment))
    asked = process.run(process.Command((str(terraform), "version"), tmp_path, clean_environment))
    version = read_version(asked.stdout.split()[1])
    assert version is not None
    assert done.code == 0 or "Unsupported Terraform Core version" in done.stderr
    assert parse_constraint(text).contains(version) is (done.code == 0)


@pytest.mark.parametrize("text", ["~> ", "latest", ">= 1.6 < 2", "^1.2", "1.2,", "== 1.2", "1.x"])
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(CatalogError, match="is not a constraint"):
        parse_constraint(text)


def test_all_bad_terms_are_named_at_once() -> None:
    with pytest.raises(CatalogError) as caught:
        parse_constraint("latest, >= 1.6, ^2")
    assert caught.value.details == (
        "'latest' is no version constraint",
        "'^2' is no version constraint",
    )


@given(st.text(alphabet="0123456789.~><=!, vrc-+a", max_size=20))
def test_any_text_is_a_constraint_or_a_catalog_error(text: str) -> None:
    try:
        constraint = parse_constraint(text)
    except CatalogError:
        return
    assert constraint.contains("1.12.6") in {True, False}
