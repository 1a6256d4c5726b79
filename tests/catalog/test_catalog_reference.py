"""The JSON Schema and the reference page say what the model says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from purveyor import json_text
from purveyor.catalog.document import read_document
from purveyor.catalog.loading import load_catalog
from purveyor.catalog.schema import build_schema
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


def load_script() -> ModuleType:
    path = ROOT / "scripts" / "write_catalog_reference.py"
    spec = importlib.util.spec_from_file_location("write_catalog_reference", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_no_generated_file_is_stale() -> None:
    assert load_script().find_stale() == [], "run python scripts/write_catalog_reference.py"


def plain(path: Path) -> Any:
    # Numbers as jsonschema knows them.
    import json  # noqa: TID251 - the schema's judge wants floats

    return json.loads(json_text.write(read_document(path).value))


@pytest.mark.parametrize("name", ["catalog", "catalog-aws"])
def test_editors_accept_the_examples(name: str) -> None:
    validator = jsonschema.Draft202012Validator(build_schema())
    path = ROOT / "examples" / name / "purveyor.yaml"
    assert [error.message for error in validator.iter_errors(plain(path))] == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "version: 2",
        "version: 1\nbackend: {path: x}",
        "version: 1\nbackend: {type: s3, bucket: acme, region: us-east-1, lokc: x}",
        "version: 1\nservices: {../x: {}}",
        "version: 1\nservices: {a: {module: null}}",
        "version: 1\nservices: {a: {outputs: {a: 3}}}",
        "version: 1\nservices: {a: {links: {b: {links: {}}}}}",
        "version: 1\nservices: {a: {engine: {version: 1.10}}}",
        "version: 1\naccounts: [{}]",
    ],
)
def test_editors_and_loading_refuse_the_same(tmp_path: Path, text: str) -> None:
    path = tmp_path / "purveyor.yaml"
    path.write_text(text)
    validator = jsonschema.Draft202012Validator(build_schema())
    assert not validator.is_valid(plain(path))
    with pytest.raises(CatalogError):
        load_catalog(path)
