"""Values that the catalog works out for a module: read, decided once, and secret where one is."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.errors import CatalogError, ParameterError
from purveyor.parameters import find_asked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from purveyor.action import ActionContext, Entity
    from purveyor.catalog.recipe import Account, ComputeRule
    from purveyor.compute import Template, UsedPath
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.parameters import VariableRequest
    from purveyor.state_key import OutputValue

    Outputs = Mapping[str, OutputValue]

STEPS = "steps"


class Computation:
    """The templates of one step and what they may read; the outside is asked only for what is used.

    `read_outputs` gives a link's service's outputs, `recall` what `once` has decided before, and
    `steps` holds the outputs of earlier steps, None while they are not known. Raise CatalogError
    for templates at fault.
    """

    def __init__(
        self,
        rules: Mapping[str, ComputeRule],
        account: Account,
        read_outputs: Callable[[], Outputs] = dict,
        recall: Callable[[], Mapping[str, JsonValue]] = dict,
        steps: Mapping[str, Outputs] | None = MappingProxyType({}),
    ) -> None:
        self.once = frozenset(name for name, rule in rules.items() if rule.once)
        self._templates = _read_templates(rules) if rules else {}
        self._account = account
        self.read_outputs = read_outputs
        self._recall = recall
        self._steps = steps or {}
        # What is looked at only once earlier steps have ended.
        self.later: frozenset[str] = frozenset()
        if steps is None:
            reading = {n for n, t in self._templates.items() if any(u[0] == STEPS for u in t.uses)}
            self.later = frozenset({STEPS, *reading})
            self._templates = {n: t for n, t in self._templates.items() if n not in reading}

    def find_read(self, given: Collection[str]) -> set[str]:
        """Name the parameters that are read: all that are given, where a value chooses which."""
        paths = [path for path in self._uses() if path[0] == "parameters"]
        every = given if ("parameters",) in paths else ()
        return {*(path[1] for path in paths if len(path) > 1), *every}

    def needs(self, step: str, known: Collection[str]) -> bool:
        """Tell whether a template reads an output of an earlier step that is not `known`."""
        reads = [each for each in self._uses() if each[0] == STEPS and each[1:2] in {(), (step,)}]
        return any(each[3:4] == () or each[3] not in known for each in reads)

    def offer_steps(self) -> JsonObject:
        """Return what earlier steps gave, as the reserved variable `steps`."""
        given: JsonObject = {name: _plain(each) for name, each in self._steps.items()}
        return {STEPS: given} if given else {}

    def add_to(
        self,
        request: VariableRequest,
        interface: ModuleInterface,
        context: ActionContext,
        *,
        service_name: str,
        withheld: tuple[str, ...],
        is_private: Callable[[str, JsonValue], bool],
    ) -> VariableRequest:
        """Return the request with what is computed; raise ParameterError with every fault.

        A delete destroys what was built by the values that it was built by. `withheld` are
        variables that were kept as secrets, `is_private` judges a parameter or an attribute.
        """
        applied = request.applied or {}
        if not self._templates or (request.operation is Operation.DELETE and applied):
            return dataclasses.replace(request, secret=frozenset(withheld) & self._templates.keys())
        request = dataclasses.replace(request, used=self._find_used(request))
        outputs = self.read_outputs() if any(p[0] == "outputs" for p in self._uses()) else {}
        given: dict[str, Mapping[str, JsonValue]] = {
            "parameters": find_asked(request, interface),
            "attributes": {**request.service_attributes, **(request.link_attributes or {})},
        }
        values = _gather_values(context, self._account, service_name)
        values |= {name: dict(each) for name, each in given.items()}
        values |= {"outputs": _plain(outputs)}
        values["steps"] = {name: {"outputs": _plain(each)} for name, each in self._steps.items()}
        private = [
            *((start, n) for start in given for n, v in given[start].items() if is_private(n, v)),
            *(("outputs", name) for name in _sensitive(outputs)),
            *(("steps", s, "outputs", n) for s, o in self._steps.items() for n in _sensitive(o)),
        ]
        found = self._evaluate(values, request, withheld)
        secret = {name for name, each in self._templates.items() if _meet(each.uses, private)}
        return dataclasses.replace(
            request,
            fixed={**found, **request.fixed},
            secret=frozenset(secret | (self.once & {*withheld})),
        )

    def _uses(self) -> Iterator[UsedPath]:
        for template in self._templates.values():
            yield from template.uses

    def _find_used(self, request: VariableRequest) -> frozenset[str]:
        """Name the parameters that are read: all, where a value chooses which."""
        given = {**request.own_attributes, **(request.remembered or {}), **request.parameters}
        return frozenset(self.find_read(given))

    def _evaluate(
        self, values: JsonObject, request: VariableRequest, withheld: tuple[str, ...]
    ) -> dict[str, JsonValue]:
        from purveyor.compute import ComputeError

        decided: Mapping[str, JsonValue] = {}
        if self.once and request.operation is not Operation.DELETE:
            decided = {**(request.applied or {}), **self._recall()}
        found: dict[str, JsonValue] = {}
        faults: list[str] = []
        for name, template in self._templates.items():
            if name in self.once and name in decided:
                found[name] = decided[name]
            elif name in self.once and name in withheld:
                faults.append(f"compute.{name} was decided, is secret, and is not kept")
            else:
                try:
                    found[name] = template.evaluate(values)
                except ComputeError as error:
                    faults.append(f"compute.{name}, {error}")
        if faults and request.operation is not Operation.DELETE:
            raise ParameterError(
                "What the module is to be given cannot be computed.",
                details=faults,
                hint="Give what is missing and start the action again; the platform team corrects"
                " the templates under `compute` in the catalog.",
            )
        return found


def _read_templates(rules: Mapping[str, ComputeRule]) -> dict[str, Template]:
    from purveyor.compute import ComputeError, Template

    found: dict[str, Template] = {}
    faults: list[str] = []
    for name, rule in rules.items():
        try:
            found[name] = Template(rule.template)
        except ComputeError as error:
            faults.append(f"compute.{name}, {error}")
    if faults:
        raise CatalogError(
            "What the catalog computes cannot be read.",
            details=faults,
            hint="Correct the templates under `compute`; `purveyor validate` names their lines.",
        )
    return found


def _gather_values(context: ActionContext, account: Account, service_name: str) -> JsonObject:
    return {
        "service": {**_identify(context.service), "name": service_name},
        **({"link": _identify(context.link)} if context.link else {}),
        "action": {
            **_identify(context),
            "name": context.name,
            "type": context.operation.value,
        },
        "account": {
            "name": account.name,
            "region": account.region,
            "role_arn": account.role_arn,
            "variables": dict(account.variables),
        },
        "dimensions": dict(context.dimensions),
        "tags": dict(context.tags),
    }


def _identify(entity: Entity | ActionContext) -> JsonObject:
    specification: JsonObject = {"id": entity.specification.id, "slug": entity.specification.slug}
    return {"id": entity.id, "slug": entity.slug, "specification": specification}


def _plain(outputs: Outputs) -> JsonObject:
    return {name: each.value for name, each in outputs.items()}


def _sensitive(outputs: Outputs) -> list[str]:
    return [name for name, each in outputs.items() if each.sensitive]


def _meet(uses: Iterable[UsedPath], private: Iterable[UsedPath]) -> bool:
    """Tell whether one of them leads to a private one, or into it."""
    return any(each[: len(use)] == use[: len(each)] for use in uses for each in private)
