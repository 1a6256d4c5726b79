"""Resolves an action's context to the recipe that carries it out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.catalog import lookup
from purveyor.catalog.accounts import choose_matches, show_match
from purveyor.catalog.address import is_remote
from purveyor.catalog.logins import named_variables
from purveyor.catalog.recipe import Account, ComputeRule, OutputRule, Recipe, StepRecipe
from purveyor.dataclass import dataclass
from purveyor.durations import read_duration
from purveyor.errors import CatalogError
from purveyor.plan import Guard, Verb
from purveyor.program import CommandLine, Manifests, Playbook, PulumiProject
from purveyor.step import COMMAND, EngineRequirement, ModuleSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.catalog.document import Document
    from purveyor.catalog.lookup import ModuleTarget, ServiceTarget, Target
    from purveyor.catalog.manifests_entry import ManifestsEntry
    from purveyor.catalog.model import AccountEntry, CatalogModel
    from purveyor.catalog.module_entry import GuardEntry, ModuleEntry
    from purveyor.catalog.step_entry import StepEntry
    from purveyor.catalog.strict import Strict
    from purveyor.program import StepProgram


@dataclass(frozen=True, slots=True)
class Catalog:
    """A checked catalog. `root` is its folder, absolute; `document` is None without a file."""

    root: Path
    model: CatalogModel
    document: Document | None = None

    def resolve(self, context: ActionContext) -> Recipe:
        """Return how an action is carried out.

        Raise CatalogError: MODULE_NOT_FOUND, ACTION_UNKNOWN, or CATALOG_INVALID when no account
        or more than one matches.
        """
        service = lookup.find_service(self.root, self.model, context.service.specification.slug)
        target: Target = service
        if context.kind is Kind.LINK:
            target = lookup.find_link(self.root, service, context.entity.specification.slug)
        account = self.choose_account(context.dimensions)
        entry = target.entry
        return Recipe(
            root=self.root,
            backend=self.model.backend,
            account=account,
            steps=self._choose_action(target, context)
            if context.operation.by_program
            else self._read_steps(service, target, account),
            lock_timeout=_first_number(entry.lock_timeout, service.entry.lock_timeout),
            journal=self.model.journal,
            keep_secrets=self.model.keep_secrets,
            ignored=frozenset(self.model.ignore_parameters),
        )

    def outline(self, context: ActionContext) -> Recipe:
        """Return what the catalog says without any entry of its own: backend and account.

        Raise CatalogError when no account or more than one matches.
        """
        return Recipe(
            root=self.root,
            backend=self.model.backend,
            account=self.choose_account(context.dimensions),
            journal=self.model.journal,
            keep_secrets=self.model.keep_secrets,
            ignored=frozenset(self.model.ignore_parameters),
        )

    @property
    def secret_variables(self) -> frozenset[str]:
        """The environment variables whose values log in to a store or an account."""
        model = self.model
        return named_variables(
            model.backend, model.journal, *_logins(model.accounts), *_find_step_logins(model)
        )

    def serves(self, service: str, link: str = "") -> bool:
        """Tell whether modules serve these specifications' slugs; `link` is empty for a service."""
        try:
            target = lookup.find_service(self.root, self.model, service)
            if link:
                lookup.find_link(self.root, target, link)
        except CatalogError:
            return False
        return True

    def choose_account(self, dimensions: Mapping[str, str]) -> Account:
        """Return the account for these dimensions; an empty one when the catalog has none."""
        entries = self.model.accounts
        # An engine has no business with what opens the journal alone.
        withheld = named_variables(self.model.journal, *_find_step_logins(self.model))
        withheld -= named_variables(self.model.backend)
        if not entries:
            return Account(withheld=withheld)
        chosen = choose_matches([entry.match for entry in entries], dimensions)
        if len(chosen) == 1:
            account = read_account(entries[chosen[0]], among=entries)
            return dataclasses.replace(account, withheld=account.withheld | withheld)
        shown = show_match(dimensions) if dimensions else "no dimensions"
        if not chosen:
            raise CatalogError(
                f"No account of the catalog matches {shown}.",
                hint="Add an account with such a `match`, or one with `match: {}` for the rest.",
                details=[f"accounts[{n}]: {show_match(each.match)}" for n, each in _count(entries)],
            )
        raise CatalogError(
            f"{len(chosen)} accounts of the catalog match {shown} equally well.",
            hint="Add an account whose `match` names the dimensions of all of them.",
            details=[f"accounts[{n}]: {show_match(entries[n].match)}" for n in chosen],
        )

    def choose_engine(self, service: ServiceTarget, target: ModuleTarget) -> EngineRequirement:
        """Return the engine: the entry's, else the service's, else the catalog's."""
        engine = target.entry.engine or service.entry.engine or self.model.engine
        return EngineRequirement(engine.name or "", engine.version or "")

    def _read_steps(
        self, service: ServiceTarget, target: Target, account: Account
    ) -> tuple[StepRecipe, ...]:
        found: list[StepRecipe] = []
        for each in target.steps():
            main = any(step.is_main for step in found)
            found.append(self._read_step(service, each, account, is_further=main))
        return tuple(found)

    def _read_step(
        self, service: ServiceTarget, target: ModuleTarget, account: Account, *, is_further: bool
    ) -> StepRecipe:
        from purveyor.catalog.step_entry import StepEntry

        entry, outputs = target.entry, read_outputs(target.entry)
        step = entry if isinstance(entry, StepEntry) else StepEntry.model_construct()
        name, program = step.name or "", self._place_program(step, outputs)
        shared = StepRecipe(
            EngineRequirement(COMMAND),
            name=name,
            defaults=entry.defaults,
            variables={**entry.variables, **account.variables},
            from_account=frozenset(account.variables),
            compute={n: ComputeRule(e.value, e.once) for n, e in entry.compute.items()},
            outputs=outputs,
            guard=_read_guard(entry.guard),
            shows=entry.plan,
            suffix=name if is_further or program else "",
            approve=frozenset(map(Operation, step.approve.operations if step.approve else ())),
            approve_within=read_duration(step.approve.within, least=0) if step.approve else 0.0,
        )
        if program is not None:
            takes = frozenset(step.parameters)
            return dataclasses.replace(shared, program=program, takes=takes, once=step.once)
        return dataclasses.replace(
            shared,
            engine=self.choose_engine(service, target),
            source=self.find_source(target),
            immutable=tuple(entry.immutable),
        )

    def _place_program(
        self, step: StepEntry, outputs: Mapping[str, OutputRule] | None
    ) -> StepProgram | None:
        public = frozenset(e.output for e in (outputs or {}).values() if not e.secret)
        if (command := step.command) is not None:
            return CommandLine(
                lookup.place_program(self.root, command.run),
                self.root,
                float(command.timeout),
                undo=lookup.place_program(self.root, command.undo),
                plan=lookup.place_program(self.root, command.plan),
                needs_result=False,
                public=public,
            )
        if step.manifests is not None:
            return _place_manifests(self.root, step.manifests, public)
        if (pulumi := step.pulumi) is not None:
            return PulumiProject(
                self.root / pulumi.project,
                self.root,
                stack=pulumi.stack or "",
                config=pulumi.config,
                secrets_provider=pulumi.secrets_provider or "",
                passphrase_from=pulumi.passphrase_from,
                timeout=float(pulumi.timeout),
            )
        if (playbook := step.playbook) is None:
            return None
        undo, inventory = (
            self.root / name if name else None for name in (playbook.undo, playbook.inventory)
        )
        return Playbook(
            self.root / playbook.run,
            self.root,
            undo=undo,
            inventory=inventory,
            timeout=float(playbook.timeout),
            public=public,
        )

    def _choose_action(self, target: Target, context: ActionContext) -> tuple[StepRecipe, ...]:
        """Return a custom action's program, and an archiving's, where the entry names one."""
        slug, operation = context.specification.slug, context.operation
        if operation is Operation.CUSTOM:
            names: tuple[str, ...] = (slug,)
        else:
            named = (slug, operation.value) if operation.shelves else ()
            names = tuple(each for each in named if lookup.has_program(target, each))[:1]
        programs = (lookup.find_program(self.root, target, each) for each in names)
        return tuple(StepRecipe(EngineRequirement(COMMAND), program=each) for each in programs)

    def find_source(self, target: ModuleTarget) -> ModuleSource:
        module, version = target.entry.module, target.entry.version
        if module is not None and is_remote(module, version):
            return ModuleSource(self.root, address=module, version=version or "")
        return ModuleSource(self.root, path=lookup.find_module(self.root, target))


def read_account(entry: AccountEntry, *, among: Sequence[AccountEntry] = ()) -> Account:
    """Return an account as a run needs it; what logs in to any of the others is withheld."""
    return Account(
        name=entry.name or show_match(entry.match),
        role_arn=entry.role_arn,
        external_id=entry.external_id,
        region=entry.region,
        session_seconds=entry.session_seconds,
        through=tuple(entry.through),
        web_identity=entry.web_identity,
        keys=entry.keys,
        azure=entry.azure,
        google=entry.google,
        withheld=named_variables(*_logins(among)),
        variables=entry.variables,
    )


def _read_guard(entry: GuardEntry) -> Guard:
    limits = {Verb(v): most for v, most in entry.limits if most is not None}
    refuse, ask = frozenset(entry.refuse), entry.ask or ""
    return Guard(tuple(entry.protect), entry.stateful, limits, refuse, ask)


def _place_manifests(root: Path, entry: ManifestsEntry, public: frozenset[str]) -> Manifests:
    cluster, helm = entry.cluster, entry.helm
    found = Manifests(
        root,
        root / (entry.folder or entry.kustomize or ""),
        renderer="folder" if entry.folder else "kustomize",
        kubeconfig=root / entry.kubeconfig if entry.kubeconfig else None,
        login=(cluster and cluster.login) or "",
        token_from=(cluster and cluster.token_from) or "",
        outputs=entry.outputs,
        timeout=float(entry.timeout),
        public=public,
    )
    if helm is None:
        return found
    values = tuple(root / each for each in helm.values)
    return dataclasses.replace(
        found, renderer="helm", source=root / helm.chart, release=helm.release, values=values
    )


def _find_step_logins(model: CatalogModel) -> list[Strict | None]:
    entries = [e for each in model.services.values() for e in (each, *each.links.values())]
    steps = [step for each in entries for step in each.steps]
    clusters = [step.manifests.cluster for step in steps if step.manifests is not None]
    return [*clusters, *(step.pulumi for step in steps)]


def _logins(entries: Sequence[AccountEntry]) -> list[Strict | None]:
    return [each for e in entries for each in (e.web_identity, e.keys, e.azure, e.google)]


def read_outputs(entry: ModuleEntry) -> dict[str, OutputRule] | None:
    if entry.outputs is None:
        return None
    return {name: OutputRule(each.output, each.secret) for name, each in entry.outputs.items()}


def _count(entries: list[AccountEntry]) -> list[tuple[int, AccountEntry]]:
    return list(enumerate(entries))


def _first_number(*candidates: int | None) -> float | None:
    return next((float(each) for each in candidates if each is not None), None)
