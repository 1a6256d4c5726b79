"""What an engine has left unsaved, before it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.backends.local import open_local
from purveyor.engines.terraform.rescue import count_up
from purveyor.state_key import KEYS, StateKey

if TYPE_CHECKING:
    from pathlib import Path


def build(serial: int, lineage: str = "a", **more: str) -> str:
    return json_text.write({"version": 4, "serial": serial, "lineage": lineage, **more})


@pytest.mark.parametrize(
    ("unsaved", "serial"),
    [
        (build(3), 4),
        (build(4), 4),
        (build(2), 2),
        (build(3, "b"), 3),
        (build(3, encrypted_data="…"), 3),
    ],
)
def test_an_unsaved_state_comes_after_the_one_that_it_follows(
    tmp_path: Path, unsaved: str, serial: int
) -> None:
    place = tmp_path / "orders.tfstate"
    place.write_text(build(3))
    document = json_text.parse(
        count_up(unsaved, open_local(tmp_path, KEYS).access(StateKey(place.name, exists=True)))
    )
    assert isinstance(document, dict)
    assert document["serial"] == serial
