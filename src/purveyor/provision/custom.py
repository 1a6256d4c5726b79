"""A custom action: a program beside the module gets one document and gives one object back."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from purveyor.credentials import narrow
from purveyor.program import CommandLine
from purveyor.provision.document import build_document
from purveyor.provision.endings import succeed, succeed_untouched
from purveyor.provision.results import Results, read_outputs
from purveyor.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor.outcome import Outcome
    from purveyor.provision.step_plan import ClaimedAction


def prepare(action: ClaimedAction, workspace: Path) -> Callable[[], Outcome]:
    """Check everything that can be checked; return what runs the program.

    What the program gives back may be credentials, so its values go to the platform's results
    and nowhere else: the redactor learns what is new in them, and no attribute is written.
    """
    context, tools, account = action.context, action.tools, action.recipe.account
    if not action.recipe.steps:  # an archiving that asks for no program
        return partial(succeed_untouched, context)
    (wanted,) = action.recipe.steps
    assert isinstance(wanted.program, CommandLine)  # noqa: S101 - the catalog gives an action nothing else
    document = _build_document(action)
    credentials = tools.logins.assume(account, context, workspace, wanted.program.timeout)
    step = Step(
        operation=context.operation,
        workspace=workspace,
        module=wanted.program.cwd,
        variables=document,
        environment=narrow(tools.environment, credentials, withheld=account.withheld),
        interruption=tools.interruption,
    )

    def run() -> Outcome:
        done = tools.open_engine(wanted).run(step, tools.listen)
        given = {name: each.value for name, each in done.outputs.items()}
        outcome = succeed(context, Results(given, {}))
        return dataclasses.replace(outcome, private=True)

    return run


def _build_document(action: ClaimedAction) -> JsonObject:
    context, places, redactor = action.context, action.places, action.tools.redactor
    outputs = read_outputs(context.entity, places, redactor)
    service = read_outputs(context.service, places, redactor) if context.link else outputs
    state_key = places.backend.locate(context.entity).path
    return build_document(context, outputs=outputs, service_outputs=service, state_key=state_key)
