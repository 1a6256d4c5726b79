"""`purveyor approve`: allows the step that an action waits before, or ends the action."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import open_catalog_context, open_sweep
from purveyor.cli.options import with_catalog, with_json
from purveyor.errors import GuardError, PlatformError, ReasonCode, RecoveryError

if TYPE_CHECKING:
    from purveyor.journal import AttemptRecord, Journal
    from purveyor.sweep import Sweeper

_EXAMPLES = examples(
    "purveyor approve 7d9e2a10",
    'purveyor approve 7d9e2a10 --reject --reason "not before Monday"',
)


@click.command(epilog=_EXAMPLES)
@click.argument("action")
@click.option("--reject", is_flag=True, help="End the action as failed instead.")
@click.option("--reason", default="", metavar="TEXT", help="Kept, and told with a rejection.")
@with_catalog
@with_json
def approve(
    *, action: str, reject: bool, reason: str, catalog_path: str | None, as_json: bool
) -> None:
    """Allow the step that an action waits before, or end the action with --reject.

    ACTION is its id or the begin of it. What was allowed goes on when its pipeline is started again
    with the same CONTEXT, or by itself within a minute where a receiver has it. The first decision
    counts. Exit codes: 0 decided, 13 it was decided otherwise before, 17 ended but the platform has
    not heard it, 19 the action does not wait.
    """
    from purveyor.journal import Answer
    from purveyor.process import Interruption
    from purveyor.run_identity import name_person

    sweeper = open_sweep(
        open_catalog_context(catalog_path), dry_run=False, interruption=Interruption()
    )
    wanted = Answer.REJECTED if reject else Answer.APPROVED
    waiting = _find(action, sweeper.journal)
    found = sweeper.journal.settle(waiting, wanted, by=name_person(), why=reason)
    done = _end(found, sweeper) if found.end else ""
    decision, name = found.decision, found.begin.action
    if decision is None or decision.answer != wanted:
        raise GuardError(
            f"The action {name} was {decision and decision.answer} before.",
            reason=ReasonCode.APPROVAL_REJECTED,
            hint=f"`purveyor journal show {name}` tells its story.",
        )
    fields = {"action": name, **dataclasses.asdict(decision), "done": done}
    click.echo(
        json_text.write(fields, indent=2)
        if as_json
        else f"{wanted.value}: {name}{done and f', {done}'}"
    )


def _find(words: str, journal: Journal) -> AttemptRecord:
    from purveyor.states.entity import Named, choose

    named = choose(words, (Named("action", each) for each in journal.open_actions()))
    found = journal.last(named.id) if named else None
    if found is None or found.parked is None:
        raise RecoveryError(
            f"No action {words[:64]} waits for an approval.",
            reason=ReasonCode.STATE_MISSING,
            hint="`purveyor journal list --open` shows what waits.",
        )
    return found


def _end(found: AttemptRecord, sweeper: Sweeper) -> str:
    """Tell the platform at once what the next sweep would."""
    from purveyor.sweep import report_end

    swept = report_end(found, sweeper)
    if not swept.closed:
        raise PlatformError(f"It is ended; {swept.done}", hint="The next sweep tells it again.")
    sweeper.journal.forget(swept.action, attempt=swept.attempt)
    return swept.done
