"""`purveyor run`: one action, from its context to a reported outcome."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.options import with_catalog, with_context
from purveyor.errors import PlatformError
from purveyor.outcome import Status

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.cli.wiring import Job
    from purveyor.notification import FaultyActionError
    from purveyor.provision import Ending

_EXAMPLES = examples(
    "purveyor run                              in a pipeline: the CONTEXT comes from the CI",
    "purveyor run --context action.json        an action saved in a file",
    "purveyor run --context - < action.json    the same from standard input",
    "purveyor run --no-report --json           without the platform, result as JSON",
    "purveyor run --plan                       what would change; nothing is, and nobody is told",
    "purveyor run --comment                    the same, on the merge request of the pipeline",
    "purveyor run --lock-timeout 600           wait ten minutes for another run on the same state",
    "purveyor run --approved                   in a job that a person has let begin",
)


@click.command(epilog=_EXAMPLES)
@with_context(
    "The CONTEXT: a file, or - for standard input. Without it: the event file of GitHub,"
    " then PURVEYOR_CONTEXT, then CONTEXT."
)
@with_catalog
@click.option(
    "--plan",
    "plans",
    is_flag=True,
    help="Print what would change, with --json as one object; change and report nothing. 0 says"
    " that the plan could be made, another exit code what a run would fail for.",
)
@click.option(
    "--comment",
    "comments",
    is_flag=True,
    help="Put the plan on the merge request that the pipeline runs for, in the place of an earlier"
    " one; the same as --plan else.",
)
@click.option("--no-report", is_flag=True, help="Tell the platform nothing, ask it nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait for a state that another run has locked, such as 600; 0 does not wait."
    " Without it: the catalog's `lock_timeout`, then PURVEYOR_LOCK_TIMEOUT, then 300.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop in order after so long: the engine ends its current work and saves the state."
    " Without it: PURVEYOR_TIMEOUT, then no limit.",
)
@click.option(
    "--approved",
    is_flag=True,
    help="Go on with an action that waits for an approval: who started this has given it. It counts"
    " for that one step. Without it: PURVEYOR_APPROVED.",
)
def run(  # noqa: PLR0913 - a command's options
    *,
    context_argument: str | None,
    catalog_path: str | None,
    plans: bool,
    comments: bool,
    no_report: bool,
    as_json: bool,
    lock_timeout: float | None,
    timeout: float | None,
    approved: bool,
) -> None:
    """Carry out one action and tell the platform how it ended.

    Progress goes to standard output (to standard error with --json). The exit code says how it
    ended: 0 done, 10 bad CONTEXT, 11 bad catalog, 12 parameters refused, 13 guard refused, 14
    state locked, 15 engine failed, 16 credentials, 17 done but the platform has not heard it, 18
    cancelled or out of time, 19 a person has to look first. An action that has ended or waits, or
    is denied, withdrawn or not yet approved, is left alone: 0.
    """
    from purveyor.cli.wiring import RunOptions, open_job, open_run

    job = open_job(
        RunOptions(
            context=context_argument,
            catalog=catalog_path,
            report=not no_report,
            progress=sys.stderr if as_json or plans or comments else sys.stdout,
            lock_timeout=lock_timeout,
            timeout=timeout,
            plans=plans or comments,
            approved=approved,
        )
    )
    context, fault = _take(job)
    with job.interruption.caught(), job.interruption.limited(job.time_limit), job.show.ticking():
        if job.options.plans:
            sys.exit(_plan(job, context, fault, as_json=as_json, comments=comments))
        ending = open_run(job, context).provision(context, fault=fault)
    sys.exit(_publish(job, context, ending, as_json=as_json))


def _take(job: Job) -> tuple[ActionContext, FaultyActionError | None]:
    """Return the action, with what is wrong with its CONTEXT."""
    from purveyor.cli.wiring import take_context
    from purveyor.notification import FaultyActionError

    try:
        context = take_context(job)
    except FaultyActionError as error:
        return error.action, error
    job.show.opening(context)
    return context, None


def _publish(job: Job, context: ActionContext, ending: Ending, *, as_json: bool) -> int:
    outcome = ending.outcome
    job.show.closing(outcome, notes=ending.notes)
    job.ci.write_summary(job.show.summary(context, outcome, delivered=ending.delivered))
    job.ci.write_outputs(
        {
            "status": outcome.status.value,
            "reason": outcome.reason.value,
            "message": job.redactor.redact(outcome.message),
            "state-key": outcome.state_key,
            "platform-heard": "true" if ending.delivered else "false",
            "parked": "true" if outcome.status is Status.PARKED else "false",
        }
    )
    if as_json:
        click.echo(job.redactor.redact(_document(ending)))
    parked = outcome.status is Status.PARKED  # the next job has to begin, heard or not
    unheard = outcome.exit_code == 0 and not (ending.delivered or parked)
    return PlatformError.exit_code if unheard else outcome.exit_code


def _plan(
    job: Job,
    context: ActionContext,
    fault: FaultyActionError | None,
    *,
    as_json: bool,
    comments: bool,
) -> int:
    from purveyor.cli.format import plain
    from purveyor.cli.wiring import open_run
    from purveyor.provision.preview import list_changes, write_document

    plan = open_run(job, context).preview(context, fault=fault)
    lines = [write_document(plan)] if as_json else map(plain, list_changes(plan))
    for line in lines:
        click.echo(job.redactor.redact(line))
    job.show.closing(plan.outcome)
    page = job.show.summary(context, plan.outcome, planned=True)
    job.ci.write_summary(page)
    if comments:
        _comment(job, f"plan of the {context.operation} of {context.entity.id}", page)
    return plan.outcome.exit_code


def _comment(job: Job, about: str, page: str) -> None:
    from purveyor.dispatch.commenting import find_merge_request, write_comment

    place = find_merge_request(job.ci.name, job.settings)
    if place is None:
        raise click.UsageError("--comment: this is no pipeline of a merge request.")
    write_comment(job.ci.name, job.settings, place, about=about, text=page)


def _document(ending: Ending) -> str:
    from purveyor import json_text

    outcome = ending.outcome
    return json_text.write(
        {
            "status": outcome.status.value,
            "reason": outcome.reason.value,
            "message": outcome.message,
            "next_step": outcome.next_step,
            "details": list(outcome.details),
            "results": {**outcome.results, **dict.fromkeys(outcome.private, "(private)")},
            "changes": [
                {"address": change.address, "verb": change.verb.value} for change in outcome.changes
            ],
            "state_key": outcome.state_key,
            "run_url": outcome.run_url,
            "seconds": round(outcome.seconds, 3),
            "platform_heard": ending.delivered,
            "notes": list(ending.notes),
        },
        indent=2,
    )
