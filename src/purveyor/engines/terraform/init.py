"""Before the first change: whose state it is, and a working directory that is ready."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from purveyor.engines.terraform import commands, plugins
from purveyor.engines.terraform.environment import WORKSPACE
from purveyor.engines.terraform.failure_handling import build_error
from purveyor.engines.terraform.files import STAMP, check_module
from purveyor.engines.terraform.references import list_files
from purveyor.engines.terraform.results import read_outputs
from purveyor.engines.terraform.tree import plan_copy
from purveyor.errors import CatalogError, ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.engines.terraform.session import EngineSession
    from purveyor.state_key import OutputValue

LOCK_FILE = ".terraform.lock.hcl"
# Engines before Terraform 1.9 cannot tell of `init` in JSON.
_UNKNOWN_JSON = "flag provided but not defined: -json"
_OTHER_REGISTRY = {
    "terraform": f'provider "{plugins.OPENTOFU_REGISTRY}/',
    "opentofu": f'provider "{plugins.TERRAFORM_REGISTRY}/',
}


def inspect_module(root: Path, module: Path) -> tuple[list[str], list[str]]:
    """Return what every run refuses in a local module below `root`, and notes; without an engine.

    Raise CatalogError for a module that is not there.
    """
    plan, name = plan_copy(root, module), module.relative_to(root)
    faults, notes = list(plan.faults), [*plan.guesses, *plan.lost]
    try:
        check_module(module)
    except CatalogError as error:
        faults += [f"{name}/{line}" for line in error.details]
    texts = (each.read_text(encoding="utf-8", errors="replace") for each in list_files(module))
    if not (module / LOCK_FILE).exists() and any("required_providers" in each for each in texts):
        # The engine says the like at every run, in five lines.
        notes.append(
            f"{name}: has no {LOCK_FILE}, so that each run takes the newest providers that fit, and"
            " their checksums are compared with none; run `providers lock` and commit the file"
        )
    return faults, notes


def check_stamp(session: EngineSession, *, initialised: bool) -> bool:
    """Raise RecoveryError when the state belongs to another entity.

    Return True when it could not be told yet: an encrypted state can only be read by the engine,
    in a directory that is initialised.
    """
    state = session.slot.access.read()
    if state is None:
        return False
    if state.encrypted and not initialised:
        return True
    _check_owner(session.slot.stamp, read_outputs(session) if state.encrypted else state.outputs)
    return False


def _check_owner(wanted: str, outputs: Mapping[str, OutputValue]) -> None:
    stamp = outputs.get(STAMP)
    if stamp is not None and stamp.value != wanted:
        raise RecoveryError(
            f"The state belongs to {stamp.value}, not to {wanted}; nothing was changed.",
            reason=ReasonCode.STATE_FOREIGN,
            hint="Ask the platform team: the catalog's backend or state key leads two entities to"
            " one state.",
        )


def initialise(session: EngineSession, *, engine: str, cache: Path | None) -> None:
    """Run `init`; `cache` is the plugin cache when this engine must be alone in it."""
    lock_file = session.step.module / LOCK_FILE
    # What a lock file leaves out was never looked at, so nothing is added to it silently. One that
    # was written by the sister engine names other registries and is only a hint.
    read_only = lock_file.is_file() and _OTHER_REGISTRY[engine] not in lock_file.read_text(
        encoding="utf-8", errors="replace"
    )
    session.start("init")
    # OpenTofu's `init` refuses a workspace that does not exist yet, and every later command makes
    # it (measured).
    program = session.program.without(WORKSPACE)
    alone = plugins.alone_in(cache, session.step.interruption) if cache else nullcontext()
    with alone:
        json = commands.init(json=True, read_only_lock_file=read_only)
        ran = session.call_locked(*json, program=program)
        if ran.code and _UNKNOWN_JSON in ran.completed.stdout + ran.completed.stderr:
            ran = program.call(*commands.init(json=False, read_only_lock_file=read_only))
    if ran.code:
        raise build_error(session, ran, "init")
