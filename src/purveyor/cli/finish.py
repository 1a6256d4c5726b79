"""`purveyor finish`: the always-step, which makes sure that an action has an ending."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.options import with_catalog, with_context
from purveyor.errors import PlatformError

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.cli.wiring import Job
    from purveyor.finish import Finished, Finisher

_WAIT = 240.0
_STATUSES = ("PURVEYOR_JOB_STATUS", "CI_JOB_STATUS", "AGENT_JOBSTATUS")

_EXAMPLES = examples(
    "purveyor finish                           in a pipeline, after `purveyor run`, always",
    "purveyor finish --context action.json     for an action saved in a file",
    "purveyor finish --wait 20                 where the CI gives little time",
    "purveyor finish --rejected                after a job that nobody let begin",
)


@click.command(epilog=_EXAMPLES)
@with_context("The CONTEXT, as for `purveyor run`.")
@with_catalog
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=_WAIT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a run or an engine that is still at work.",
)
@click.option(
    "--rejected",
    is_flag=True,
    help="End the action, if it waits for an approval: nobody has given it. Without it:"
    " PURVEYOR_APPROVED, where that is false.",
)
def finish(
    *, context_argument: str | None, catalog_path: str | None, wait: float, rejected: bool
) -> None:
    """Make sure that an action has an ending, whatever happened to its run.

    Says nothing and changes nothing when all is well. Else it waits for what still works, saves
    a state that was left unsaved, and tells the platform how the action ended. Exit codes: 0 the
    action has its ending, 16 the platform does not take the credentials, 17 it has not heard it,
    19 a person has to look.
    """
    from purveyor.cli.wiring import RunOptions, open_job, take_context
    from purveyor.notification import FaultyActionError

    job = open_job(
        RunOptions(
            context=context_argument,
            catalog=catalog_path,
            report=True,
            progress=sys.stdout,
            finishes=True,
        )
    )
    for fault in job.settings.faults():
        job.ci.annotate("warning", f"{fault} The ending is given all the same.")
    try:
        context = take_context(job)
    except FaultyActionError as error:
        context = error.action
    with job.interruption.caught():
        finished = _open_finisher(job, wait, rejected=rejected).finish(context)
    _show(job, context, finished)
    sys.exit(finished.exit_code)


def _open_finisher(job: Job, wait: float, *, rejected: bool) -> Finisher:
    from purveyor.cli import wiring
    from purveyor.finish import Finisher

    rejected |= (job.settings.text("PURVEYOR_APPROVED") or "").lower() in {"0", "false", "no"}
    return Finisher(
        run=wiring.open_this_run(job),
        reporter=wiring.open_reporter(job),
        resolve=partial(wiring.resolve, job),
        open_places=partial(wiring.open_places, job),
        open_engine=partial(wiring.open_engine, job),
        say=job.ci.say,
        wait=wait,
        rejects=job.ci.approver() if rejected else "",
        cancelled=(job.settings.first(*_STATUSES) or "").lower().startswith("cancel"),
    )


def _show(job: Job, context: ActionContext, finished: Finished) -> None:
    redact = job.redactor.redact
    if finished.outcome is not None:
        outcome = finished.outcome
        unreported = finished.exit_code == PlatformError.exit_code
        told = " The platform has not heard it." if unreported else ""
        job.ci.say(redact(f"Action {context.id} ended: {outcome.reason}.{told}"))
        job.show.closing(outcome, notes=finished.notes)
        return
    for note in finished.notes:
        job.ci.say(redact(note))
