"""Carries out one step with Terraform or OpenTofu."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.engines.terraform import files, plugins
from purveyor.engines.terraform.apply import apply
from purveyor.engines.terraform.destroy import destroy
from purveyor.engines.terraform.environment import build_environment
from purveyor.engines.terraform.init import check_stamp, initialise
from purveyor.engines.terraform.program import Program
from purveyor.engines.terraform.rescue import save_parked
from purveyor.engines.terraform.session import EngineSession
from purveyor.engines.terraform.sources import download_module
from purveyor.engines.terraform.tree import copy_module
from purveyor.process import Interruption

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.declaration import ModuleInterface
    from purveyor.engines.binary import EngineBinary
    from purveyor.redaction import Redactor
    from purveyor.step import BackendBlock, Listen, ModuleSource, Step, StepEvent, StepResult


class TerraformEngine:
    """Terraform or OpenTofu.

    `environment` is for downloads of modules; a step brings its own. `cache` is a folder that
    outlives runs: provider plugins, and states that could not be saved. `plugin_mirror` is a
    filesystem mirror's folder, and what it holds is taken from nowhere else, or a network mirror's
    address. `say` gets sentences for
    the log.
    """

    def __init__(
        self,
        binary: EngineBinary,
        *,
        environment: Mapping[str, str],
        cache: Path,
        redactor: Redactor,
        plugin_mirror: Path | str | None = None,
        interruption: Interruption | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._binary = binary
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
        """Return what the root module declares. Raise CatalogError for a module that is invalid."""
        from purveyor.hcl import read_module

        # A folder of the runner means nothing to a reader, and is gone when he looks.
        name = self._fetched.get(module, module.name)
        return read_module(module, tofu_files=self._is_opentofu, name=name)

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Create, update or delete; raise a PurveyorError that says what, why and what next."""
        files.check_module(step.module)
        scratch = Path(tempfile.mkdtemp(prefix="engine-", dir=step.workspace))
        environment = self._environ(step.environment, backend=step.backend, scratch=scratch)
        program = self._program(step.module, environment, step.interruption, listen)
        session = EngineSession(step, program, scratch, keep=self._cache / "recovery")
        try:
            return self._run(session)
        finally:
            files.remove_written(step.module)
            shutil.rmtree(scratch, ignore_errors=True)

    def _run(self, session: EngineSession) -> StepResult:
        step = session.step
        encrypted = check_stamp(session, initialised=False)
        files.write_backend(step.module, step.backend, evaluated=self._is_opentofu)
        files.write_identity(step.module, step.identity)
        files.write_variables(step.module, step.variables)
        cache = None if self._mirror or self._shares_cache else self._plugin_cache
        initialise(session, engine=self._binary.name, cache=cache)
        if encrypted:
            check_stamp(session, initialised=True)
        save_parked(session)
        done = destroy(session) if step.operation is Operation.DELETE else apply(session)
        return dataclasses.replace(
            done, engine=self._binary.name, engine_version=self._binary.version
        )

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
