"""Where the objects of one `run` or `finish` meet."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, TextIO

from purveyor.cli import catalog_context
from purveyor.cli.logins import Logins, find_secrets, open_redactor
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError, ContextError, CredentialsError
from purveyor.memory import check_memory
from purveyor.outcome import Outcome
from purveyor.process import Interruption
from purveyor.settings import read_settings
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext
    from purveyor.attempt import Places, ThisRun
    from purveyor.catalog import Catalog, Recipe, StepRecipe
    from purveyor.ci import CI, Show
    from purveyor.cli.catalog_context import CatalogContext
    from purveyor.engines.binary import EngineBinary
    from purveyor.provision import Provisioner
    from purveyor.redaction import Redactor
    from purveyor.reporter import Reporter
    from purveyor.settings import Settings
    from purveyor.states.restoring import Writer
    from purveyor.step import Engine, StepEvent

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
# What a run will need, loaded while the platform answers its first question. The causes of failures
# (4 ms) stand here since a CI may clean up while the engine still ends in order, and then nothing
# more can be loaded.
_PRELOADED = (
    *("catalog.model", "catalog.document", "hcl", "engines.binary"),
    *("engines.registry", "engines.terraform.error_patterns"),
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line asked for; times in seconds."""

    context: str | None
    catalog: str | None
    report: bool
    progress: TextIO
    lock_timeout: float | None = None
    timeout: float | None = None
    finishes: bool = False
    plans: bool = False  # whether it only tells what it would change
    approved: bool = False


@dataclass(slots=True)
class Job:
    """The CI job around one action, and what is opened once for all of it."""

    options: RunOptions
    settings: Settings
    redactor: Redactor
    ci: CI
    show: Show
    interruption: Interruption = field(default_factory=Interruption)
    trace: Callable[[StepEvent | Outcome], None] = lambda _told: None  # where one is wanted

    def listen(self, told: StepEvent | Outcome) -> None:
        if not isinstance(told, Outcome):
            self.show(told)
        self.trace(told)

    @property
    def time_limit(self) -> float | None:
        return self.options.timeout or self.settings.seconds("PURVEYOR_TIMEOUT")

    @property
    def in_ci(self) -> bool:
        """Whether a CI carries us out, be it one that we do not know: nobody watches there."""
        unknown = (self.settings.text("CI") or "").lower() in {"true", "1"}
        return unknown or self.ci.name != "terminal"


def open_job(options: RunOptions) -> Job:
    from purveyor.ci import Show, detect

    settings = read_settings()
    redactor = open_redactor(settings)
    ci = detect(settings, stream=options.progress, errors=sys.stderr)
    return Job(options, settings, redactor, ci, Show(ci, redactor))


def take_context(job: Job) -> ActionContext:
    """Return the action; raise ContextError, or FaultyActionError where its id is known."""
    from purveyor import notification

    origin = notification.take_context(job.options.context, job.settings, sys.stdin.buffer.read)
    try:
        action = notification.read_action(notification.parse_notification(origin))
    except ContextError as error:
        raise notification.recognise(error, origin) from None
    notification.refuse_injected(origin, action, job.settings.secrets())
    return action


def open_run(job: Job, context: ActionContext) -> Provisioner:
    """Return what carrying out an action needs; what keeps us from it is told to the platform."""
    from purveyor.outcome import break_down

    reporter = open_reporter(job)
    try:
        return _open_run(job, context, reporter)
    except BaseException:
        if not job.options.plans:
            reporter.end(context, break_down())
        raise


def _open_run(job: Job, context: ActionContext, reporter: Reporter) -> Provisioner:
    reporter.prepare(context)
    _preload()
    from purveyor.provision import Provisioner, StepTools  # half of all code: the platform is asked

    return Provisioner(
        resolve=partial(resolve, job),
        outline=lambda context: _load_catalog(job).outline(context),
        reporter=reporter,
        open_places=partial(open_places, job),
        run=open_this_run(job),
        tools=StepTools(
            open_engine=partial(open_engine, job),
            logins=Logins(job.settings, job.redactor, job.show, limit=job.time_limit),
            environment={**job.settings.for_children(), **context.carriers},
            redactor=job.redactor,
            listen=job.listen,
            end=job.listen,
            interruption=job.interruption,
            choose_lock_timeout=partial(_choose_lock_timeout, job),
        ),
    )


def open_this_run(job: Job) -> ThisRun:
    from purveyor.attempt import ThisRun
    from purveyor.ci import read_identity
    from purveyor.clock import Clock

    return ThisRun(
        identity=read_identity(job.ci, job.settings),
        clock=Clock(pause=job.interruption.wait),
        is_dead=partial(catalog_context.is_dead, job.settings),
        local_runs=catalog_context.open_local_runs(job.settings),
        approver=_find_approver(job),
        gate=job.ci.gate and f"{job.ci.gate} of {job.ci.run_url() or 'the pipeline'}",
    )


def _find_approver(job: Job) -> str:
    wished = (job.settings.text("PURVEYOR_APPROVED") or "").lower() in {"1", "true", "yes"}
    approved = job.options.approved or (wished and not job.options.finishes)
    return job.ci.approver() if approved else ""


def resolve(job: Job, context: ActionContext) -> Recipe:
    from purveyor.engines.binary import make_cache

    if not job.options.finishes:  # here a fault can still be told to the platform
        job.settings.check()
        check_memory()
        make_cache(job.settings)
    catalog = _load_catalog(job)
    if catalog.model.trace and job.options.report and not job.options.plans:
        from purveyor.client import open_client
        from purveyor.reporter.traces import Trace

        with contextlib.suppress(CredentialsError):  # nobody is told anything
            client = open_client(job.settings, job.redactor)
            job.trace = Trace(client, job.redactor, context, job.ci.run_url(), job.show)
    recipe = catalog.resolve(context)
    modules = [f"`{each.source.name}`" for each in recipe.steps if each.source is not None]
    job.show.about |= {"Account": recipe.account.name, "Module": ", ".join(modules)}
    return recipe


def open_reporter(job: Job) -> Reporter:
    from purveyor.reporter import SilentReporter, open_reporter

    if not job.options.report:
        return SilentReporter()
    return open_reporter(
        job.settings,
        job.redactor,
        interrupted=lambda: job.interruption.requested,
        required=job.in_ci and not job.options.plans,
    )


def open_places(job: Job, recipe: Recipe) -> Places:
    """Return where states and records lie; no journal is kept of a run that may be repeated."""
    from purveyor.attempt.entity_record import Places, ReadOnlyRecords
    from purveyor.backends import choose_records, open_backend

    if "type" not in recipe.backend.model_fields_set and job.in_ci:
        raise CatalogError(_NO_PLACE, hint=_NAME_A_PLACE)
    settings, root, journal = job.settings, recipe.root, None
    backend = open_backend(recipe.backend, root=root, settings=settings)
    store = choose_records(backend, recipe.journal, root=root, settings=settings)
    if job.options.plans:
        store = store and ReadOnlyRecords(store)
    elif job.options.report and store is None:
        job.show(Noticed("warning", _NO_JOURNAL))
    if (job.options.report or job.options.plans) and store is not None:
        journal = catalog_context.open_journal(store, settings)
    open_recovery = partial(catalog_context.open_recovery, settings, store)
    return Places(backend=backend, store=store, journal=journal, open_recovery=open_recovery)


def find_writer(context: CatalogContext, engine: str | None) -> Writer:
    """Find the engine that writes states; `engine` is a name, None takes whichever is found."""
    from purveyor.engines.binary import find_engine
    from purveyor.engines.terraform.state_writer import StateWriter
    from purveyor.step import EngineRequirement

    binary = find_engine(EngineRequirement(engine or ""), context.settings)
    environment = context.settings.for_children()
    return StateWriter(binary, environment=environment, redactor=context.redactor)


def open_writing_engine(context: CatalogContext, engine: str | None) -> Engine:
    """Return the engine that saves states; `engine` is a name, None takes whichever is found."""
    import click

    from purveyor.engines.registry import open_engine
    from purveyor.step import EngineRequirement

    return open_engine(
        EngineRequirement(engine or ""),
        settings=context.settings,
        redactor=context.redactor,
        interruption=Interruption(),
        say=lambda text: click.echo(text, err=True),
    )


def _load_catalog(job: Job) -> Catalog:
    catalog = catalog_context.load_chosen_catalog(job.options.catalog, job.settings)
    job.redactor.add(*find_secrets(job.settings, catalog))
    return catalog


def open_engine(job: Job, step: StepRecipe) -> Engine:
    from purveyor.engines import registry

    def note(binary: EngineBinary) -> None:
        job.show.about["Engine"] = f"{binary.name} {binary.version}"

    return registry.open_engine(
        step.engine,
        step.program,
        settings=job.settings,
        redactor=job.redactor,
        interruption=job.interruption,
        say=lambda text: job.show(Noticed("warning", text)),
        found=note,
    )


def _choose_lock_timeout(job: Job, recipe: Recipe) -> float:
    """Return how long to wait for a lock, in seconds: command line, catalog, setting."""
    setting = job.settings.seconds("PURVEYOR_LOCK_TIMEOUT")
    for each in (job.options.lock_timeout, recipe.lock_timeout, setting):
        if each is not None:
            return each
    return _LOCK_TIMEOUT


def _preload() -> None:
    import importlib

    for name in _PRELOADED:
        importlib.import_module(f"purveyor.{name}")
