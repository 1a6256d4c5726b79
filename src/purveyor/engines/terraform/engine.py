"""Carries out one step with Terraform or OpenTofu."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.engines.terraform import files, plugins
from purveyor.engines.terraform.apply import apply, preview
from purveyor.engines.terraform.destroy import destroy, preview_destroy
from purveyor.engines.terraform.environment import build_environment
from purveyor.engines.terraform.init import LOCK_FILE, check_stamp, initialise
from purveyor.engines.terraform.program import Program
from purveyor.engines.terraform.rescue import UNSAVED, is_complete, save_parked, save_state
from purveyor.engines.terraform.session import STREAM, EngineSession
from purveyor.engines.terraform.sources import download_module
from purveyor.engines.terraform.state_writer import StateWriter
from purveyor.engines.terraform.stream import judge_file
from purveyor.engines.terraform.tree import copy_module
from purveyor.errors import RecoveryError
from purveyor.process import Interruption
from purveyor.state_key import parse_state
from purveyor.step import BackendBlock, Leftovers, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from purveyor.declaration import ModuleInterface
    from purveyor.engines.binary import EngineBinary
    from purveyor.redaction import Redactor
    from purveyor.step import (
        Listen,
        ModuleSource,
        StateSlot,
        Step,
        StepEvent,
    )


class TerraformEngine:
    """Terraform or OpenTofu.

    `supply` finds the program once it is needed, `environment` is for downloads of modules: a step
    brings its own. `cache` is a folder that outlives runs: provider plugins, and states that could
    not be saved. `plugin_mirror` is a filesystem mirror's folder, and what it holds is taken from
    nowhere else, or a network mirror's address. `say` gets sentences for the log.
    """

    # The plugins and the backend's note that `init` makes; other names are the module's.
    own: Collection[str] = (".terraform/providers", ".terraform/terraform.tfstate")

    def __init__(
        self,
        supply: Callable[[], EngineBinary],
        *,
        environment: Mapping[str, str],
        cache: Path,
        redactor: Redactor,
        plugin_mirror: Path | str | None = None,
        interruption: Interruption | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._supply = supply
        self._fetched: dict[Path, str] = {}
        self._say = say or (lambda _text: None)
        self._environment = environment
        self._cache = cache
        self._redactor = redactor
        self._mirror = plugin_mirror
        self._interruption = interruption or Interruption()

    def fetch(self, source: ModuleSource, workspace: Path) -> Path:
        """Bring the module into the private `workspace`; return its root module's directory.

        Raise CatalogError when it is not there, leaves the catalog's folder or cannot be had.
        """
        into = Path(tempfile.mkdtemp(prefix="module-", dir=workspace))
        if source.path is not None:
            module, lost = copy_module(source.root, source.path, into)
            for each in lost:
                self._say(each)
            self._fetched[module] = os.path.relpath(source.root / source.path, source.root)
            return module
        scratch = Path(tempfile.mkdtemp(prefix="engine-", dir=workspace))
        environment = self._environ(self._environment, scratch=scratch)
        program = self._program(into, environment, self._interruption, _ignore)
        module = download_module(program, source, evaluated=self._is_opentofu)
        self._fetched[module] = self._redactor.redact(source.address)
        return module

    def describe(self, module: Path) -> ModuleInterface:
        from purveyor.hcl import read_module

        # A folder of the runner means nothing to a reader, and is gone when he looks.
        name = self._fetched.get(module, module.name)
        return read_module(module, tofu_files=self._is_opentofu, name=name)

    def run(self, step: Step, listen: Listen) -> StepResult:
        with self._open_session(step, listen) as session:
            done = destroy(session) if step.operation is Operation.DELETE else apply(session)
            lock_file = step.module / LOCK_FILE
            used = lock_file.read_text(encoding="utf-8") if lock_file.is_file() else ""
            return self._sign(dataclasses.replace(done, lock_file=used))

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Plan; a state that does not exist is not made, as some backends do for a plan."""
        slot = step.state
        assert slot is not None  # noqa: S101 - every step of this engine keeps one
        if slot.recovery is not None and slot.recovery.waiting():
            return StepResult(
                (), {}, unknown="a run first saves the state that an earlier one left"
            )
        if slot.access.read() is None:
            nowhere = BackendBlock("local", {"path": str(step.workspace.absolute() / "no.tfstate")})
            slot = dataclasses.replace(slot, block=nowhere)
        planned = dataclasses.replace(step, state=slot)
        with self._open_session(planned, listen) as session:
            deletes = step.operation is Operation.DELETE
            return self._sign(preview_destroy(session) if deletes else preview(session))

    def _sign(self, done: StepResult) -> StepResult:
        binary = self._binary
        return dataclasses.replace(done, engine=binary.name, engine_version=binary.version)

    @contextlib.contextmanager
    def _open_session(self, step: Step, listen: Listen) -> Iterator[EngineSession]:
        """Make the module ready for the block, where an earlier run's state is saved."""
        slot = step.state
        assert slot is not None  # noqa: S101 - every step of this engine keeps one
        files.check_module(step.module)
        scratch = Path(tempfile.mkdtemp(prefix="engine-", dir=step.workspace))
        environment = self._environ(step.environment, backend=slot.block, scratch=scratch)
        program = self._program(step.module, environment, step.interruption, listen)
        session = EngineSession(step, slot, program, scratch, keep=self._cache / "recovery")
        try:
            encrypted = check_stamp(session, initialised=False)
            files.write_backend(step.module, slot.block, evaluated=self._is_opentofu)
            files.write_identity(step.module, slot.stamp)
            files.write_variables(step.module, step.variables)
            if step.lock_file and not (step.module / LOCK_FILE).exists():
                files.write_private(step.module / LOCK_FILE, step.lock_file)
            cache = None if self._mirror or self._shares_cache else self._plugin_cache
            initialise(session, engine=self._binary.name, cache=cache)
            if encrypted:
                check_stamp(session, initialised=True)
            save_parked(session)
            yield session
        finally:
            files.remove_written(step.module)
            shutil.rmtree(scratch, ignore_errors=True)

    @staticmethod
    def leftovers(workspace: Path) -> Leftovers:
        unsaved = sorted(workspace.rglob(UNSAVED))
        texts = (each.read_text(encoding="utf-8", errors="replace") for each in unsaved)
        torn = [each for each, text in zip(unsaved, texts, strict=True) if not is_complete(text)]
        return Leftovers(
            proofs=frozenset(map(judge_file, workspace.rglob(STREAM))),
            unsaved=tuple(each for each in unsaved if each not in torn),
            torn=tuple(torn),
        )

    def save(self, text: str, state: StateSlot) -> None:
        """Save a state without its module; one that is encrypted needs that."""
        current = state.access.read()
        if parse_state(text, where="to be saved").encrypted or (current and current.encrypted):
            raise RecoveryError(
                "The state is encrypted: only a run with its module can save it.",
                hint="Start an action on it: it saves first what is kept.",
            )
        writer = StateWriter(self._binary, environment=self._environment, redactor=self._redactor)
        save_state(text, state=state.access, push=lambda kept: writer.push(state.block, kept))

    @cached_property
    def _binary(self) -> EngineBinary:
        return self._supply()

    @property
    def _is_opentofu(self) -> bool:
        return self._binary.name != "terraform"

    @property
    def _shares_cache(self) -> bool:
        return plugins.shares_cache(self._binary.name, self._binary.version)

    @property
    def _plugin_cache(self) -> Path | None:
        """The folder that keeps plugins for later runs; None where it cannot be written."""
        cache = self._cache / "plugins" / self._binary.name
        with contextlib.suppress(OSError):
            cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cache if os.access(cache, os.W_OK | os.X_OK) else None

    def _environ(
        self,
        outer: Mapping[str, str],
        *,
        backend: BackendBlock | None = None,
        scratch: Path,
    ) -> dict[str, str]:
        mirror, cli_config = self._mirror, None
        if isinstance(mirror, Path) and self._is_opentofu:
            mirror = plugins.link_for_opentofu(mirror, scratch / "mirror")
        if mirror is not None:
            cli_config = scratch / "engine.tfrc"
            users = plugins.find_users_config(outer, self._binary.name)
            for ignored in plugins.write_cli_config(cli_config, mirror, users):
                self._say(ignored)
        # A mirror of unpacked plugins is faster than the cache (measured), which would copy them.
        cache = self._plugin_cache if mirror is None else None
        return build_environment(
            outer,
            backend=backend.environment if backend else {},
            cli_config=cli_config,
            cache=cache,
            workspace=backend.workspace if backend else "",
        )

    def _program(
        self,
        directory: Path,
        environment: Mapping[str, str],
        interruption: Interruption,
        listen: Listen,
    ) -> Program:
        return Program(
            path=self._binary.path,
            directory=directory,
            environment=environment,
            interruption=interruption,
            redactor=self._redactor,
            listen=listen,
        )


def _ignore(_event: StepEvent) -> None:
    """A download's lines are no news."""
