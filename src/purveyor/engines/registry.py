"""Every engine by its name: the one place that knows them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.engines.binary.model import PROGRAMS
from purveyor.engines.command import CommandEngine
from purveyor.engines.terraform import TerraformEngine, inspect_module, plugins
from purveyor.program import CommandLine, Manifests, PulumiProject
from purveyor.step import Leftovers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary
    from purveyor.process import Interruption
    from purveyor.program import StepProgram
    from purveyor.redaction import Redactor
    from purveyor.settings import Settings
    from purveyor.step import Engine, EngineRequirement

__all__ = ["PROCESS_NAMES", "find_leftovers", "inspect_module", "open_engine"]

PROCESS_NAMES = frozenset(PROGRAMS.values())
"""What engines that hold a state's lock are called among a machine's processes."""


def open_engine(
    wanted: EngineRequirement,
    program: StepProgram | None = None,
    *,
    settings: Settings,
    redactor: Redactor,
    interruption: Interruption,
    say: Callable[[str], None],
    found: Callable[[EngineBinary], None] = lambda _binary: None,
) -> Engine:
    """Return the engine that a step wants; `say` gets its warnings, `found` the program."""
    if program is not None:
        return _open_program_engine(program, settings, redactor)
    from purveyor.engines.binary import cache_folder, supply_engine

    def supply() -> EngineBinary:
        binary = supply_engine(wanted, settings, say=say)
        found(binary)
        return binary

    return TerraformEngine(
        supply,
        environment=settings.for_children(),
        cache=cache_folder(settings),
        redactor=redactor,
        plugin_mirror=plugins.choose_mirror(settings.text("PURVEYOR_PLUGIN_MIRROR") or ""),
        interruption=interruption,
        say=say,
    )


def _open_program_engine(program: StepProgram, settings: Settings, redactor: Redactor) -> Engine:
    if isinstance(program, CommandLine):
        return CommandEngine(program, redactor)
    if isinstance(program, Manifests):
        from purveyor.engines.kubernetes import KubernetesEngine

        token = settings.text(program.token_from) if program.token_from else ""
        return KubernetesEngine(program, redactor, token=token or "")
    if isinstance(program, PulumiProject):
        from purveyor.engines.pulumi import PulumiEngine

        return PulumiEngine(program, redactor, passphrase=settings.text(program.passphrase_from))
    from purveyor.engines.ansible import AnsibleEngine

    return AnsibleEngine(program, redactor)


def find_leftovers(workspace: Path) -> Leftovers:
    found = [each.leftovers(workspace) for each in (TerraformEngine, CommandEngine)]
    return Leftovers(
        proofs=frozenset(proof for each in found for proof in each.proofs),
        unsaved=tuple(path for each in found for path in each.unsaved),
        torn=tuple(path for each in found for path in each.torn),
    )
