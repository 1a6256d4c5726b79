"""A custom action: a program beside the module gets one document and gives one object back."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from purveyor.credentials import narrow
from purveyor.errors import EngineError, ReasonCode
from purveyor.program import CommandLine
from purveyor.provision.document import build_document
from purveyor.provision.endings import succeed, succeed_untouched
from purveyor.provision.results import Results, read_outputs, take_values
from purveyor.state_key import OutputValue
from purveyor.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.action import ActionContext
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
    program = wanted.program
    assert isinstance(program, CommandLine)  # noqa: S101 - the catalog gives an action nothing else
    own, service = _read_outputs(action)
    if not program.run:
        return partial(_succeed, context, _choose(program, own, service))
    credentials = tools.logins.assume(account, context, workspace, program.timeout)
    step = Step(
        operation=context.operation,
        workspace=workspace,
        module=program.cwd,
        variables=build_document(
            context,
            outputs=_narrow(program, own),
            service_outputs=_narrow(program, service),
            state_key=action.places.backend.locate(context.entity).path,
        ),
        environment=narrow(
            tools.environment, credentials, withheld=account.withheld, only=program.environment
        ),
        interruption=tools.interruption,
    )

    def run() -> Outcome:
        return _succeed(context, tools.open_engine(wanted).run(step, tools.listen).outputs)

    return run


def _read_outputs(action: ClaimedAction) -> tuple[Mapping[str, OutputValue], ...]:
    """Return the outputs of the action's service or link, and of its service."""
    context, places, redactor = action.context, action.places, action.tools.redactor
    own = read_outputs(context.entity, places, redactor)
    return own, read_outputs(context.service, places, redactor) if context.link else own


def _narrow(program: CommandLine, outputs: Mapping[str, OutputValue]) -> JsonObject:
    wanted = program.outputs
    return {n: v for n, v in take_values(outputs).items() if wanted is None or n in wanted}


def _choose(
    program: CommandLine, own: Mapping[str, OutputValue], service: Mapping[str, OutputValue]
) -> dict[str, OutputValue]:
    """Return the outputs that an action without a program hands out."""
    there, names = {**service, **own}, program.outputs or ()
    if missing := [name for name in names if name not in there]:
        raise EngineError(
            f"The state has no output {missing[0]!r} to hand out.",
            reason=ReasonCode.ACTION_FAILED,
            told="There is nothing to hand out yet.",
            hint="Create it first, or correct the action's `outputs` in the catalog.",
        )
    marked = program.secrets or ()
    return {
        name: OutputValue(there[name].value, sensitive=there[name].sensitive or name in marked)
        for name in names
    }


def _succeed(context: ActionContext, given: Mapping[str, OutputValue]) -> Outcome:
    outcome = succeed(context, Results(take_values(given), {}))
    hidden = frozenset(name for name, each in given.items() if each.sensitive)
    return dataclasses.replace(outcome, private=hidden)
