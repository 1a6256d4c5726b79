"""A custom action: a program beside the module gets one document and gives one object back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.engines.program import build_document, run_program
from purveyor.errors import CatalogError, ReasonCode
from purveyor.provision.endings import succeed
from purveyor.provision.results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.action import ActionContext, Entity
    from purveyor.catalog import Recipe
    from purveyor.json_text import JsonValue
    from purveyor.outcome import Outcome
    from purveyor.provision.ports import Backend, Ports


def prepare(
    context: ActionContext, recipe: Recipe, *, ports: Ports, workspace: Path
) -> Callable[[], Outcome]:
    """Check everything that can be checked; return what runs the program.

    What the program gives back may be credentials, so its values go to the platform's results
    and nowhere else: the redactor learns them all, and no attribute is written.
    """
    program = recipe.program
    if program is None:
        slug = context.specification.slug or context.slug
        raise CatalogError(
            f"No program belongs to the custom action {slug!r}.",
            reason=ReasonCode.ACTION_UNKNOWN,
            hint="Add it under `actions:` in the catalog, or as `actions/<slug>/run` in the"
            " module.",
        )
    backend = ports.open_backend(recipe)
    outputs = _read_outputs(context.entity, backend, ports)
    service_outputs = (
        _read_outputs(context.service, backend, ports) if context.link is not None else outputs
    )
    environment = {**ports.environment, **ports.assume(recipe.account, context)}
    document = build_document(context, outputs=outputs, service_outputs=service_outputs)

    def run() -> Outcome:
        given = run_program(
            program,
            document,
            workspace=workspace,
            environment=environment,
            interruption=ports.interruption,
            listen=ports.listen,
            redactor=ports.redactor,
        )
        ports.redactor.add_value(given)
        return dataclasses.replace(succeed(context, Results(given, {}, ())), run_url=ports.run_url)

    return run


def _read_outputs(entity: Entity, backend: Backend, ports: Ports) -> Mapping[str, JsonValue]:
    key = backend.locate(entity)
    state = backend.access(key).read() if key.exists else None
    outputs = state.outputs if state else {}
    for value in outputs.values():
        if value.sensitive:
            ports.redactor.add_value(value.value)
    return {name: value.value for name, value in outputs.items()}
