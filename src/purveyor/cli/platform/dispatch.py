"""`purveyor dispatch`: starts a pipeline with a CONTEXT, as the platform would."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.options import read_wait, with_context, with_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.dispatch import Dispatcher
    from purveyor.run_identity import RunIdentity

_EXAMPLES = examples(
    "purveyor dispatch github acme/catalog provision.yml --context action.json --wait",
    "purveyor dispatch gitlab acme/catalog --context - < action.json",
    "purveyor dispatch azure infra 12 --ref main --context action.json",
)
_CODES = {"": 0, "success": 0, "succeeded": 0, "cancelled": 18, "canceled": 18}
_FAILED = 15


@click.command(epilog=_EXAMPLES)
@click.argument(
    "ci", metavar="github|gitlab|azure", type=click.Choice(["github", "gitlab", "azure"])
)
@click.argument("project")
@click.argument("pipeline", default="")
@click.option(
    "--ref", default="main", metavar="NAME", help="Branch or tag to run; main without it."
)
@with_context("The CONTEXT: a file, or - for standard input. Without it: as `purveyor run` does.")
@click.option("--as-input", is_flag=True, help="GitLab: as the pipeline's input `context`.")
@click.option(
    "--wait",
    "limit",
    is_flag=False,
    flag_value="2h",
    callback=read_wait,
    metavar="[DURATION]",
    help="Follow the run to its end, for 2h or so long, and exit as it does.",
)
@with_json
def dispatch(
    *,
    ci: str,
    project: str,
    pipeline: str,
    ref: str,
    context_argument: str | None,
    as_input: bool,
    limit: float | None,
    as_json: bool,
) -> None:
    """Start a pipeline with a CONTEXT, as the platform would.

    PROJECT is owner/repository on GitHub, a path or id on GitLab, a name on Azure; PIPELINE is the
    workflow's file on GitHub, the pipeline's id on Azure. The token comes from GITHUB_TOKEN,
    GITLAB_TOKEN or SYSTEM_ACCESSTOKEN. No CI expands anything in what is sent.

    The exit code is 0 once the run is started and, with --wait, has succeeded; 10 for a bad
    CONTEXT, 15 where the CI refuses or the run fails, 16 for a bad token, 18 where the run was
    cancelled or goes on.
    """
    from purveyor import notification
    from purveyor.dispatch import PipelineTarget, open_dispatcher
    from purveyor.settings import read_settings

    settings = read_settings()
    dispatcher = open_dispatcher(ci, PipelineTarget(project, pipeline, ref, as_input), settings)
    origin = notification.take_context(context_argument, settings, sys.stdin.buffer.read)
    if origin.fault is not None:
        raise origin.fault
    run = dispatcher.start(origin.text.encode(), origin.place)
    tell = partial(click.echo, err=as_json)
    tell(f"Started: {run.url}")
    told = {"ci": ci, "project": project, "run": run.run, "url": run.url}
    if limit is not None:
        told["conclusion"] = _follow(dispatcher, run, tell, limit)
    if as_json:
        click.echo(json_text.write(told))
    sys.exit(_CODES.get(told.get("conclusion", ""), _FAILED))


def _follow(
    dispatcher: Dispatcher, run: RunIdentity, tell: Callable[[str], object], limit: float
) -> str:
    from purveyor.clock import Clock
    from purveyor.process import Interruption

    interruption = Interruption()
    with interruption.caught():  # a signal ends the waiting, not the run
        clock = Clock(pause=interruption.wait)
        return dispatcher.follow(run, tell, limit=limit, clock=clock).conclusion
