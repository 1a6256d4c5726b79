"""`immutable` names variables and places in them; those that cannot be are faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import write_catalog, write_module

from purveyor.errors import CatalogError
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from pathlib import Path


def test_places_inside_variables_are_looked_for(tmp_path: Path) -> None:
    module = """\
variable "storage" { type = object({ class = string, tags = map(object({ value = string })) }) }
variable "free" { type = any }
"""
    write_module(tmp_path / "modules/db", module)
    sound = "storage, storage.class, storage.tags.owner.value, free.a.b"
    text = f"services: {{db: {{immutable: [{sound}]}}}}"
    validate_catalog(write_catalog(tmp_path, text))
    lost = "storage.clas, storage.class.x, storage.tags.owner.v, sto.class"
    text = f"services: {{db: {{immutable: [{lost}]}}}}"
    with pytest.raises(CatalogError) as caught:
        validate_catalog(write_catalog(tmp_path, text))
    assert [line.partition("immutable")[2] for line in caught.value.details] == [
        '[0]: the type of "storage" has no place "clas"',
        '[1]: the type of "storage" has no place "x"',
        '[2]: the type of "storage" has no place "v"',
        '[3]: the module declares no variable "sto"; did you mean "storage"?',
    ]
