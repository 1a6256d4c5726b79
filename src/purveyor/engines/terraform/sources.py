"""Downloads a module from a remote address with the engine's own means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.engines.terraform import commands
from purveyor.engines.terraform.failures import read_stray
from purveyor.engines.terraform.files import escape, write_private
from purveyor.errors import CatalogError, ReasonCode

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.terraform.program import Program
    from purveyor.step import ModuleSource

_CALL = "root"


def download_module(program: Program, source: ModuleSource, *, evaluated: bool) -> Path:
    """Download into the program's empty directory; return the module's own directory.

    A one-line module calls it and `get` fetches what it calls. `init -from-module` would take no
    version for a registry's address, would install providers twice, and leaves out what stands
    beside a sub-folder.
    """
    call = {"source": escape(source.address) if evaluated else source.address}
    if source.version:
        call["version"] = f"= {source.version}"
    write_private(program.directory / "main.tf.json", json_text.write({"module": {_CALL: call}}))
    ran = program.call(*commands.get())
    found = None if ran.code else _find_directory(program.directory)
    if found is None:
        raise CatalogError(
            f"The module {program.redactor.redact(source.address)} cannot be downloaded.",
            reason=ReasonCode.MODULE_NOT_FOUND,
            details=read_stray(ran, program.redactor),
            hint="Check the address and its pin in the catalog, and that the runner can reach it.",
        )
    return found


def _find_directory(directory: Path) -> Path | None:
    text = (directory / ".terraform/modules/modules.json").read_text(encoding="utf-8")
    index = json_text.parse(text)
    modules = index.get("Modules") if isinstance(index, dict) else None
    for each in modules if isinstance(modules, list) else []:
        if isinstance(each, dict) and each.get("Key") == _CALL:
            return directory / str(each.get("Dir"))
    return None
