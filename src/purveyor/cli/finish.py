"""`purveyor finish`: the always-step, which makes sure that an action has an ending."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.state_room import with_catalog

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.cli.assembly import Assembly
    from purveyor.finish import Finished, Ports
    from purveyor.step import BackendBlock

_WAIT = 240.0
_UNHEARD = 17
_STATUSES = ("PURVEYOR_JOB_STATUS", "CI_JOB_STATUS", "AGENT_JOBSTATUS")

_EXAMPLES = examples(
    "purveyor finish                           in a pipeline, after `purveyor run`, always",
    "purveyor finish --context action.json     for an action saved in a file",
    "purveyor finish --wait 20                 where the CI gives little time",
)


@click.command(epilog=_EXAMPLES)
@click.option(
    "--context",
    "context_argument",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="The CONTEXT, as for `purveyor run`.",
)
@with_catalog
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=_WAIT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a run or an engine that is still at work.",
)
def finish(*, context_argument: str | None, catalog_path: str | None, wait: float) -> None:
    """Make sure that an action has an ending, whatever happened to its run.

    Says nothing and changes nothing when all is well. Else it waits for what still works, saves
    a state that was left unsaved, and tells the platform how the action ended. Exit codes: 0 the
    action has its ending, 16 the platform does not take the credentials, 17 it has not heard it,
    19 a person has to look.
    """
    from purveyor.cli.assembly import Assembly, RunOptions
    from purveyor.finish import finish as end_action
    from purveyor.notification import FaultyActionError

    assembly = Assembly(
        RunOptions(
            context=context_argument,
            catalog=catalog_path,
            report=True,
            progress=sys.stdout,
            finishes=True,
        )
    )
    for fault in assembly.settings.faults():
        assembly.ci.annotate("warning", f"{fault} The ending is given all the same.")
    try:
        context = assembly.take_context()
    except FaultyActionError as error:
        context = error.action
    with assembly.interruption.caught():
        finished = end_action(context, _ports(assembly, wait))
    _show(assembly, context, finished)
    sys.exit(finished.exit_code)


def _ports(assembly: Assembly, wait: float) -> Ports:
    from purveyor.ci import read_identity
    from purveyor.cli.machine import open_local_runs
    from purveyor.finish import Ports

    settings = assembly.settings

    def push(recipe: Recipe, block: BackendBlock, text: str) -> None:
        from purveyor.engines.binary import supply_engine
        from purveyor.engines.terraform.state_writer import StateWriter

        writer = StateWriter(
            supply_engine(recipe.engine, settings, say=assembly.ci.say),
            environment=settings.for_children(),
            redactor=assembly.redactor,
        )
        writer.push(block, text)

    return Ports(
        resolve=assembly.resolve,
        reporter=assembly.open_reporter(),
        open_journal=assembly.open_journal,
        open_backend=assembly.open_backend,
        open_recovery=assembly.open_recovery,
        push=push,
        local_runs=open_local_runs(settings),
        identity=read_identity(assembly.ci, settings),
        interruption=assembly.interruption,
        clock=time.monotonic,
        wall_clock=time.time,
        say=assembly.ci.say,
        wait=wait,
        cancelled=(settings.first(*_STATUSES) or "").lower().startswith("cancel"),
        run_url=assembly.ci.run_url(),
    )


def _show(assembly: Assembly, context: ActionContext, finished: Finished) -> None:
    redact = assembly.redactor.redact
    if finished.outcome is not None:
        outcome = finished.outcome
        told = "" if finished.exit_code != _UNHEARD else " The platform has not heard it."
        assembly.ci.say(redact(f"Action {context.id} ended: {outcome.reason}.{told}"))
        assembly.show.closing(outcome, notes=finished.notes)
        return
    for note in finished.notes:
        assembly.ci.say(redact(note))
