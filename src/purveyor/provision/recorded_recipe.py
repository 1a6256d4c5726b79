"""From the catalog's recipe to a capsule, and back when the catalog has forgotten the entity."""

from __future__ import annotations

import dataclasses
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.attempt import EntityRecord
from purveyor.catalog.recipe import OutputRule, StepRecipe
from purveyor.errors import CatalogError, ReasonCode
from purveyor.journal import Capsule, ModuleTree, pack_tree, unpack_tree
from purveyor.plan import Guard
from purveyor.step import EngineRequirement, ModuleSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.action import ActionContext
    from purveyor.attempt import Places
    from purveyor.catalog import Recipe
    from purveyor.json_text import JsonValue
    from purveyor.provision.results import Results
    from purveyor.provision.variables import ResolvedVariables
    from purveyor.state_key import OutputValue
    from purveyor.step import Engine, Listen, StepResult

_LATER = frozenset({Operation.UPDATE, Operation.DELETE})


def find_recipe(
    context: ActionContext,
    *,
    resolve: Callable[[ActionContext], Recipe],
    outline: Callable[[ActionContext], Recipe],
    open_places: Callable[[Recipe], Places],
    now: Callable[[], float],
    listen: Listen,
) -> tuple[Recipe, Places, EntityRecord]:
    """Return what the catalog says, or the capsule of an entity that it has forgotten.

    With it go the places that it names, and what they know of the entity: nothing, for an action
    that no engine does. Raise the catalog's refusal.
    """
    refusal = None
    try:
        recipe = resolve(context)
    except CatalogError as error:
        if error.reason is not ReasonCode.MODULE_NOT_FOUND:
            raise
        recipe, refusal = outline(context), error
    places = open_places(recipe)
    store = None if context.operation.by_program else places.capsules
    blank = _blank(context)
    record = EntityRecord(blank, context.operation, context.id, store, now, listen, refusal)
    return _recall_recipe(recipe, record), places, record


def _blank(context: ActionContext) -> Capsule:
    entity = context.entity
    return Capsule(
        kind=entity.kind.value,
        entity=entity.id,
        service=context.service.id,
        at=0.0,
        slug=entity.slug,
        specification=entity.specification.slug,
    )


def _recall_recipe(outline: Recipe, record: EntityRecord) -> Recipe:
    # A delete is not refused: it may turn out that there is nothing to delete.
    refusal, operation = record.refusal, record.operation
    if refusal is None:
        return outline
    record.note_untouched()
    capsule = record.recall_living() if operation in _LATER else None
    if capsule is None or not capsule.module:
        if operation is Operation.DELETE or operation.shelves:
            return outline
        raise refusal
    record.say(
        f"{refusal.message} What the last success on {_day(capsule)} kept is used instead: module"
        f" {capsule.module}, {len(capsule.variables)} variables."
    )
    return _read_recipe(outline, capsule, operation)


def _read_recipe(outline: Recipe, capsule: Capsule, operation: Operation) -> Recipe:
    kept = [capsule, *(each for each in capsule.steps if each.module)]
    steps = (_read_step(outline, each, capsule, operation) for each in kept)
    return dataclasses.replace(outline, steps=tuple(steps))


def _read_step(
    outline: Recipe, capsule: Capsule, main: Capsule, operation: Operation
) -> StepRecipe:
    # A delete destroys what was built, as it was built; an update may change what was asked.
    fixed = capsule.variables if operation is Operation.DELETE else _fixed(capsule)
    return StepRecipe(
        EngineRequirement(capsule.engine, capsule.engine_wanted),
        name=capsule.step,
        suffix="" if capsule is main else capsule.step,
        source=ModuleSource(
            outline.root,
            path=Path(capsule.path) if capsule.path else None,
            address=capsule.address,
            version=capsule.version,
        ),
        defaults={n: v for n, v in capsule.variables.items() if n not in fixed},
        variables={**outline.account.variables, **fixed},
        from_account=frozenset(outline.account.variables),
        immutable=capsule.immutable,
        outputs=_read_rules(capsule.outputs),
        guard=Guard(capsule.protect, stateful=True),
    )


def _fixed(capsule: Capsule) -> dict[str, JsonValue]:
    return {n: v for n, v in capsule.variables.items() if n in capsule.fixed}


def _read_rules(outputs: Mapping[str, JsonValue] | None) -> dict[str, OutputRule] | None:
    if outputs is None:
        return None
    return {
        name: OutputRule(str(rule.get("output")), rule.get("secret") is True)
        for name, rule in outputs.items()
        if isinstance(rule, dict)
    }


def fetch_module(
    engine: Engine, step: StepRecipe, record: EntityRecord, workspace: Path
) -> tuple[Path, str]:
    """Bring the module; for an update or delete whose module is gone, the capsule's copy.

    With that goes the engine's own lock file, where it holds for this platform.
    """
    if step.source is None:
        assert step.program is not None  # noqa: S101 - a step has one of both
        return step.program.cwd, ""
    capsule = record.recall_living(step.suffix) if record.refusal is not None else None
    if capsule is not None and capsule.tree:
        return _restore(capsule, workspace)
    try:
        return engine.fetch(step.source, workspace), ""
    except CatalogError as error:
        gone = error.reason is ReasonCode.MODULE_NOT_FOUND
        if not gone or record.operation not in _LATER:
            raise
        capsule = record.recall_living(step.suffix)
        if capsule is None or not capsule.tree:
            raise
        record.say(f"{error.message} The copy kept on {_day(capsule)} is used instead.")
        return _restore(capsule, workspace)


def _restore(capsule: Capsule, workspace: Path) -> tuple[Path, str]:
    root = workspace / "module-from-capsule"
    unpack_tree(capsule.tree, root)
    # The engine's own lock file may hold the checksums of one platform only.
    fits = capsule.platform == _platform()
    return root / capsule.folder, capsule.lock_file if fits else ""


def draft_capsule(
    context: ActionContext, step: StepRecipe, engine: Engine, *, module: Path, workspace: Path
) -> Capsule:
    """Return the capsule of a step about to run; its module is packed while untouched."""
    tree, folder, source = ModuleTree("", ""), "", step.source
    if source is not None:
        # With all that it refers to it lies in a folder of its own.
        root = workspace / module.relative_to(workspace).parts[0]
        tree, folder = pack_tree(root, engine.own), str(module.relative_to(root))
    path = str(source.path) if source and source.path is not None else ""
    return dataclasses.replace(
        _blank(context),
        step=step.name,
        path=_below(path, source.root) if source else "",
        address=source.address if source else "",
        version=source.version if source else "",
        digest=tree.digest,
        folder=folder,
        tree=tree.text,
        engine=step.engine.name,
        engine_wanted=step.engine.version,
        platform=_platform(),
        immutable=step.immutable,
        outputs=_write_rules(step.outputs),
        protect=step.guard.protect,
    )


def finish_capsule(
    draft: Capsule,
    resolved: ResolvedVariables,
    done: StepResult,
    results: Results,
    *,
    state_key: str,
    lineage: str,
    at: float,
    given: Mapping[str, OutputValue] = MappingProxyType({}),
) -> Capsule:
    """Return the capsule after a success; `given` are outputs that no state keeps."""
    return dataclasses.replace(
        draft,
        at=at,
        state_key=state_key,
        given={name: each.value for name, each in given.items() if not each.sensitive},
        given_secrets=tuple(sorted(name for name, each in given.items() if each.sensitive)),
        lineage=lineage,
        engine=done.engine or draft.engine,
        engine_version=done.engine_version,
        lock_file=done.lock_file,
        variables=resolved.kept,
        fixed=resolved.fixed,
        computed=resolved.computed,
        withheld=tuple(sorted(resolved.withheld)),
        asked={n: v for n, v in resolved.asked.items() if n not in resolved.private},
        asked_secrets=tuple(sorted(resolved.asked.keys() & resolved.private)),
        service_name=resolved.service_name,
        shown=results.public,
        shown_secrets=tuple(sorted(results.secrets)),
    )


def _write_rules(rules: Mapping[str, OutputRule] | None) -> dict[str, JsonValue] | None:
    if rules is None:
        return None
    return {name: {"output": each.output, "secret": each.secret} for name, each in rules.items()}


def _below(path: str, root: Path) -> str:
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def _platform() -> str:
    return f"{sys.platform}_{platform.machine()}"


def _day(capsule: Capsule) -> str:
    return datetime.fromtimestamp(capsule.at, UTC).strftime("%Y-%m-%d")
