"""A custom action: a program beside the module gets one document and gives one object back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.credentials import narrow
from purveyor.provision.document import build_document
from purveyor.provision.endings import succeed, succeed_untouched
from purveyor.provision.results import Results, read_outputs
from purveyor.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.backends import Backend
    from purveyor.catalog import Recipe
    from purveyor.json_text import JsonObject
    from purveyor.outcome import Outcome
    from purveyor.provision.step_tools import StepTools
    from purveyor.redaction import Redactor


def prepare(
    context: ActionContext, recipe: Recipe, *, backend: Backend, tools: StepTools, workspace: Path
) -> Callable[[], Outcome]:
    """Check everything that can be checked; return what runs the program.

    What the program gives back may be credentials, so its values go to the platform's results
    and nowhere else: the redactor learns what is new in them, and no attribute is written.
    """
    if not recipe.steps:  # an archiving that asks for no program
        return lambda: succeed_untouched(context)
    (wanted,) = recipe.steps
    assert wanted.command is not None  # noqa: S101 - the catalog gives an action nothing else
    document = _build_document(context, backend, tools.redactor)
    credentials = tools.logins.assume(recipe.account, context, workspace, wanted.command.timeout)
    step = Step(
        operation=context.operation,
        workspace=workspace,
        module=wanted.command.cwd,
        variables=document,
        environment=narrow(tools.environment, credentials, withheld=recipe.account.withheld),
        interruption=tools.interruption,
    )

    def run() -> Outcome:
        done = tools.open_engine(wanted).run(step, tools.listen)
        given = {name: each.value for name, each in done.outputs.items()}
        outcome = succeed(context, Results(given, {}))
        return dataclasses.replace(outcome, private=True)

    return run


def _build_document(context: ActionContext, backend: Backend, redactor: Redactor) -> JsonObject:
    outputs = read_outputs(context.entity, backend, redactor)
    return build_document(
        context,
        outputs=outputs,
        service_outputs=outputs
        if context.link is None
        else read_outputs(context.service, backend, redactor),
        state_key=backend.locate(context.entity).path,
    )
