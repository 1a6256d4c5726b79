"""One module for every parser: written, then read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.hcl import golang, python, read_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.declaration import ModuleInterface
    from purveyor.hcl.scanner import HclTextError

    Parser = Callable[[str], list[HclTextError]]
    Read = Callable[..., ModuleInterface]


@pytest.fixture(params=[golang, python], ids=["golang", "python"])
def parser(request: pytest.FixtureRequest) -> Parser:
    found: Parser = request.param.find_syntax_faults
    return found


@pytest.fixture
def read(tmp_path: Path, parser: Parser) -> Read:
    """Write files, read the folder."""

    def write_and_read(text: str = "", *, tofu_files: bool = True, **files: str) -> ModuleInterface:
        contents = {"main.tf": text} if text else {}
        contents |= {name.replace("__", "."): content for name, content in files.items()}
        for name, content in contents.items():
            (tmp_path / name).write_text(content, newline="")
        return read_module(tmp_path, tofu_files=tofu_files, find_syntax_faults=parser)

    return write_and_read
