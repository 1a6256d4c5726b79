"""An unsaved state that OpenTofu has encrypted, opened by it under the module's own keys."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.engines.terraform import commands, files
from purveyor.engines.terraform.environment import WORKSPACE
from purveyor.engines.terraform.state_writer import check_written
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.engines.terraform.program import Program
    from purveyor.engines.terraform.session import EngineSession

_DATA = ".terraform"
# What `init` would bring again.
_INSTALLED = ("providers", "modules")


def decrypt(session: EngineSession, program: Program, text: str) -> str:
    """Return an encrypted state in clear; in memory only.

    `state push` cannot read one (measured with OpenTofu 1.12.6), while `state pull` opens one that
    lies in a `local` backend, for a moment, of the same directory. Raise EngineError.
    """
    folder = Path(tempfile.mkdtemp(prefix="encrypted-", dir=session.scratch))
    step, state = session.step, folder / "encrypted.tfstate"
    files.write_private(state, text)
    for name in _INSTALLED:
        if (installed := step.module / _DATA / name).exists():
            (folder / name).symlink_to(installed)
    environment = {**program.without(WORKSPACE).environment, "TF_DATA_DIR": str(folder)}
    program = dataclasses.replace(program, environment=environment)
    try:
        _replace_backend(session, BackendBlock("local", {"path": str(state)}))
        ran = program.call(*commands.init(json=False, read_only_lock_file=False), streamed=False)
        check_written(ran, "init", program.redactor)
        ran = program.call(*commands.state_pull(), streamed=False)
        check_written(ran, "state pull", program.redactor)
    finally:
        _replace_backend(session, session.slot.block)
        shutil.rmtree(folder, ignore_errors=True)
    return ran.completed.stdout


def _replace_backend(session: EngineSession, backend: BackendBlock) -> None:
    (session.step.module / files.BACKEND_FILE).unlink(missing_ok=True)
    files.write_backend(session.step.module, backend, evaluated=True)
