"""A custom action: a program beside the module gets one document and gives one object back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.credentials import narrow
from purveyor.engines.command.program import ProgramEnvironment, build_document, run_program
from purveyor.provision.endings import succeed, succeed_untouched
from purveyor.provision.results import Results, read_outputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.backends import Backend
    from purveyor.catalog import Recipe
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.outcome import Outcome
    from purveyor.provision.ports import Ports
    from purveyor.redaction import Redactor


def prepare(
    context: ActionContext, recipe: Recipe, *, ports: Ports, workspace: Path
) -> Callable[[], Outcome]:
    """Check everything that can be checked; return what runs the program.

    What the program gives back may be credentials, so its values go to the platform's results
    and nowhere else: the redactor learns what is new in them, and no attribute is written.
    """
    program = recipe.program
    if program is None:  # the catalog refuses a custom action without one
        return lambda: succeed_untouched(context)
    document = _build_document(context, ports.open_backend(recipe), ports.redactor)
    credentials = ports.assume(recipe.account, context, workspace, program.timeout)
    around = ProgramEnvironment(
        workspace=workspace,
        environment=narrow(ports.environment, credentials, withheld=recipe.account.withheld),
        interruption=ports.interruption,
        listen=ports.listen,
        redactor=ports.redactor,
        learn=lambda value: _learn_new(value, context, ports.redactor),
    )

    def run() -> Outcome:
        outcome = succeed(context, Results(run_program(program, document, around), {}))
        return dataclasses.replace(outcome, private=True, run_url=ports.run_url)

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


def _learn_new(value: JsonValue, context: ActionContext, redactor: Redactor) -> None:
    # A name that everybody can see, such as a user's, is no secret: masking it would tear apart
    # every line that holds the entity's slug.
    seen: set[str] = set()
    for entity in (context.service, context.link):
        if entity is not None:
            seen |= {entity.slug, *_words(dict(entity.attributes))}
    for word in _words(value) - seen:
        redactor.add(word)


def _words(value: JsonValue) -> set[str]:
    if isinstance(value, dict):
        return {word for item in value.values() for word in _words(item)}
    if isinstance(value, list):
        return {word for item in value for word in _words(item)}
    return set() if value is None or isinstance(value, bool) else {str(value)}
