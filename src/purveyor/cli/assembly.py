"""Where the objects of one run meet."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from purveyor.cli.logins import Logins, find_secrets, open_redactor
from purveyor.errors import CatalogError, ContextError
from purveyor.memory import check_memory
from purveyor.process import Interruption
from purveyor.settings import read_settings
from purveyor.step import Noticed

if TYPE_CHECKING:
    from purveyor.action import ActionContext, Entity
    from purveyor.backends import Backend
    from purveyor.catalog import Catalog, Recipe
    from purveyor.ci import CI
    from purveyor.engines.binary import EngineBinary
    from purveyor.journal import Capsules, Journal
    from purveyor.journal.store import DatedStore
    from purveyor.provision import Ending, Ports
    from purveyor.reporter import Reporter
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings
    from purveyor.step import Engine, EngineRequirement, Recovery

_LOCK_TIMEOUT = 300.0
_NO_PLACE = (
    "The catalog names no `backend`, so states would lie on this runner's disk and be lost with it:"
    " the next run could neither update nor delete what this one builds. Nothing was done."
)
_NAME_A_PLACE = (
    "Name a store such as S3 under `backend` in purveyor.yaml, or `backend: {type: local}` where"
    " the runner's disk stays."
)
_NO_JOURNAL = (
    "This backend keeps no journal: an action that is delivered twice may be carried out twice.\n"
    "Next: name a store for it under `journal` in purveyor.yaml, such as an S3 bucket."
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asked for; `lock_timeout` and `timeout` in seconds."""

    context: str | None
    catalog: str | None
    report: bool
    progress: TextIO
    lock_timeout: float | None = None
    timeout: float | None = None
    finishes: bool = False


class Assembly:
    """Builds the adapters for one run and shows what they say."""

    def __init__(self, options: RunOptions) -> None:
        from purveyor.ci import Show, detect

        self.options = options
        self.settings: Settings = read_settings()
        self.redactor = open_redactor(self.settings)
        self.ci: CI = detect(self.settings, stream=options.progress, errors=sys.stderr)
        self.show = Show(self.ci, self.redactor)
        self.interruption = Interruption()
        self.logins = Logins(self.settings, self.redactor, self.show, limit=self._read_time_limit())
        self._backend: Backend | None = None
        self._records: DatedStore | None = None

    def carry_out(self) -> Ending:
        """Take the context, run the action, show how it ended."""
        from purveyor.notification import FaultyActionError
        from purveyor.provision import provision

        fault: FaultyActionError | None = None
        try:
            context = self.take_context()
        except FaultyActionError as error:
            context, fault = error.action, error
        else:
            self.show.opening(context)
        limit = self._read_time_limit()
        with self.interruption.caught(), self.interruption.limited(limit), self.show.ticking():
            ending = provision(context, self._told_ports(context), fault=fault)
        self._publish(context, ending)
        return ending

    def _publish(self, context: ActionContext, ending: Ending) -> None:
        outcome = ending.outcome
        self.show.closing(outcome, notes=ending.notes)
        self.ci.write_summary(self.show.summary(context, outcome, heard=ending.heard))
        self.ci.write_outputs(
            {
                "status": outcome.status.value,
                "reason": outcome.reason.value,
                "message": self.redactor.redact(outcome.message),
                "state-key": outcome.state_key,
                "platform-heard": "true" if ending.heard else "false",
            }
        )

    @property
    def in_ci(self) -> bool:
        """Whether a CI carries us out, be it one that we do not know: nobody watches there."""
        unknown = (self.settings.text("CI") or "").lower() in {"true", "1"}
        return unknown or self.ci.name != "terminal"

    def take_context(self) -> ActionContext:
        """Return the action; raise ContextError, or FaultyActionError where its id is known."""
        from purveyor.notification import (
            parse_notification,
            read_action,
            recognise,
            refuse_spliced,
            take_context,
        )

        origin = take_context(self.options.context, self.settings, sys.stdin.buffer.read)
        try:
            action = read_action(parse_notification(origin))
        except ContextError as error:
            raise recognise(error, origin) from None
        refuse_spliced(origin, action, self.settings)
        return action

    def _told_ports(self, context: ActionContext) -> Ports:
        """Build the outside of the run; what keeps us from it is told to the platform."""
        from purveyor.outcome import break_down

        reporter = self.open_reporter()
        try:
            return self._ports(context, reporter)
        except BaseException:
            reporter.end(context, break_down())
            raise

    def _ports(self, context: ActionContext, reporter: Reporter) -> Ports:
        from purveyor.ci import read_identity
        from purveyor.cli.load_ahead import load_ahead
        from purveyor.cli.machine import open_local_runs
        from purveyor.provision import Ports

        reporter.prepare(context)
        load_ahead()
        return Ports(
            resolve=self.resolve,
            outline=lambda context: self._load_catalog().outline(context),
            open_capsules=self._open_capsules,
            reporter=reporter,
            open_backend=self.open_backend,
            open_engine=self._open_engine,
            assume=self.logins.assume,
            keep_for_state=self.logins.keep_for_state,
            renew_logins=self.logins.renew,
            stop_logins=self.logins.stop,
            environment={**self.settings.for_children(), **context.carriers},
            redactor=self.redactor,
            listen=self.show,
            interruption=self.interruption,
            clock=time.monotonic,
            wall_clock=time.time,
            open_journal=self.open_journal,
            identity=read_identity(self.ci, self.settings),
            is_dead=self._is_dead,
            local_runs=open_local_runs(self.settings),
            open_recovery=self.open_recovery,
            run_url=self.ci.run_url(),
            lock_timeout=self._read_lock_timeout,
            lock_timeout_override=self.options.lock_timeout,
        )

    def _read_time_limit(self) -> float | None:
        return self.options.timeout or self.settings.seconds("PURVEYOR_TIMEOUT")

    def _read_lock_timeout(self) -> float:
        found = self.settings.seconds("PURVEYOR_LOCK_TIMEOUT")
        return _LOCK_TIMEOUT if found is None else found

    def open_recovery(self, recipe: Recipe, entity: Entity, attempt: str) -> Recovery:
        """Return the keeper of an entity's unsaved states, for an attempt's own."""
        from purveyor.cli.machine import open_recovery

        return open_recovery(self.settings, self._open_records(recipe), entity, attempt)

    def _load_catalog(self) -> Catalog:
        from purveyor.catalog import load_catalog

        path = self.options.catalog or self.settings.text("PURVEYOR_CATALOG")
        catalog = load_catalog(Path(path) if path else None)
        self.redactor.add(*find_secrets(self.settings, catalog))
        return catalog

    def resolve(self, context: ActionContext) -> Recipe:
        """Return what the catalog says of the action."""
        from purveyor.engines.binary import make_cache

        if not self.options.finishes:  # here a fault can still be told to the platform
            self.settings.check()
            check_memory()
            make_cache(self.settings)
        recipe = self._load_catalog().resolve(context)
        module = f"`{recipe.source.name}`" if recipe.source else ""
        self.show.about |= {"Account": recipe.account.name, "Module": module}
        return recipe

    def open_reporter(self) -> Reporter:
        """Return the way to the platform."""
        from purveyor.reporter import SilentReporter, open_reporter

        if not self.options.report:
            return SilentReporter()
        return open_reporter(
            self.settings,
            self.redactor,
            interrupted=lambda: self.interruption.requested,
            required=self.in_ci,
        )

    def open_backend(self, recipe: Recipe) -> Backend:
        """Return where the states live."""
        from purveyor.backends import open_backend

        if self._backend is not None:
            return self._backend
        chosen = "type" in recipe.backend.model_fields_set
        if not chosen and self.in_ci:
            raise CatalogError(_NO_PLACE, hint=_NAME_A_PLACE)
        self._backend = open_backend(recipe.backend, root=recipe.root, settings=self.settings)
        return self._backend

    def open_journal(self, recipe: Recipe) -> Journal | None:
        """Return the journal; None where no store can keep one."""
        if not self.options.report:  # a dry run may be repeated
            return None
        from purveyor.cli.machine import open_journal

        records = self._open_records(recipe)
        if records is None:
            self.show(Noticed("warning", _NO_JOURNAL))
            return None
        return open_journal(records, self.settings)

    def _open_capsules(self, recipe: Recipe) -> Capsules | None:
        from purveyor.journal import Capsules

        records = self._open_records(recipe)
        return Capsules(records) if records is not None else None

    def _open_records(self, recipe: Recipe) -> DatedStore | None:
        from purveyor.backends.records import choose_records

        if self._records is None:
            self._records = choose_records(
                self.open_backend(recipe),
                recipe.journal,
                root=recipe.root,
                settings=self.settings,
            )
        return self._records

    def _is_dead(self, identity: RunIdentity) -> bool | None:
        from purveyor.dispatch import look_up

        return look_up(identity, self.settings).dead

    def _open_engine(self, requirement: EngineRequirement) -> Engine:
        from purveyor.engines.binary import cache_folder, supply_engine
        from purveyor.engines.terraform import TerraformEngine, plugins

        mirror = plugins.choose_mirror(self.settings.text("PURVEYOR_PLUGIN_MIRROR") or "")

        def supply() -> EngineBinary:
            binary = supply_engine(requirement, self.settings, say=self.ci.say)
            self.show.about["Engine"] = f"{binary.name} {binary.version}"
            return binary

        return TerraformEngine(
            supply,
            environment=self.settings.for_children(),
            cache=cache_folder(self.settings),
            redactor=self.redactor,
            plugin_mirror=mirror,
            interruption=self.interruption,
            say=lambda text: self.show(Noticed("warning", text)),
        )
