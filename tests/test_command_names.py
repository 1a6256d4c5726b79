"""An unknown command is answered with the one that was probably meant."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from purveyor.cli import cli


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ruun", "run"),
        ("validte", "validate"),
        ("state lst", "list"),
        ("state boostrap", "bootstrap"),
    ],
)
def test_a_close_command_is_named(typed: str, meant: str) -> None:
    done = CliRunner().invoke(cli, typed.split())
    assert done.exit_code == 2
    assert done.output.endswith(f"Did you mean '{meant}'?\n")


def test_nothing_is_guessed_where_nothing_is_close() -> None:
    done = CliRunner().invoke(cli, ["frobnicate"])
    assert done.exit_code == 2
    assert done.output.endswith("Error: No such command 'frobnicate'.\n")
