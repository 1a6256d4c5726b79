"""What a link computes from its service's outputs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.catalog.recipe import Account, ComputeRule, StepRecipe
from purveyor.declaration import ModuleInterface, Primitive, Variable
from purveyor.provision.step_plan import StepPlan, StepRun
from purveyor.provision.step_variables import resolve_step
from purveyor.redaction import Redactor
from purveyor.reporter import ActionSnapshot
from purveyor.state_key import OutputValue, StateKey
from purveyor.step import EngineRequirement

if TYPE_CHECKING:
    from pathlib import Path

THING = Specification("1", "thing")
OUTPUTS = {"host": OutputValue("db.local"), "key": OutputValue("hush-hush", sensitive=True)}


class Places:
    """A service whose state has outputs."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def locate(self, owner: Entity) -> StateKey:
        self.asked.append(owner.id)
        return StateKey("services/s-1/x.tfstate", exists=True)

    def access(self, _key: StateKey) -> Any:
        return SimpleNamespace(read=lambda: SimpleNamespace(outputs=OUTPUTS))

    def moved_marker(self, _key: StateKey) -> None:
        """Know of none."""


def test_a_link_computes_from_its_services_outputs(tmp_path: Path) -> None:
    places, redactor = Places(), Redactor()
    context = ActionContext(
        id="a-1",
        operation=Operation.CREATE,
        service=Entity(Kind.SERVICE, "s-1", "news", THING),
        link=Entity(Kind.LINK, "l-1", "app", THING),
    )
    compute = {
        "address": ComputeRule("{{ outputs.host }}/{{ link.slug }}"),
        "token": ComputeRule("{{ outputs.key }}"),
    }
    names = {each: Variable(each, Primitive("string"), required=True) for each in compute}
    recipe = StepRecipe(EngineRequirement("opentofu"), compute=compute)
    interface = ModuleInterface(tmp_path, names, {})
    plan = StepPlan(recipe, cast("Any", None), tmp_path, tmp_path, interface, None)
    action = SimpleNamespace(
        context=context,
        snapshot=ActionSnapshot("pending", {}, {}, asked=True),
        recipe=SimpleNamespace(account=Account(), ignored=frozenset()),
        places=SimpleNamespace(backend=places),
        record=SimpleNamespace(computed={}),
        tools=SimpleNamespace(redactor=redactor),
    )
    key = StateKey("links/l-1/app.tfstate", exists=False)
    run = StepRun(cast("Any", action), key, tmp_path, cast("Any", None), (plan,))
    resolved = resolve_step(plan, run)
    assert resolved.variables == {"address": "db.local/app", "token": "hush-hush"}
    assert resolved.secret == {"token"}
    assert places.asked == ["s-1"]
    assert "hush" not in redactor.redact("it is hush-hush")
