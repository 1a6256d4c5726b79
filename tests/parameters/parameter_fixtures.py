"""Modules and requests that the tests of the settlement make up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from purveyor.action import Operation
from purveyor.declaration import (
    Attribute,
    Collection,
    ModuleInterface,
    ModuleOutput,
    Object,
    Primitive,
    Variable,
)
from purveyor.errors import ParameterError, ReasonCode
from purveyor.parameters import VariableRequest, resolve_request

if TYPE_CHECKING:
    from purveyor.declaration import TypeConstraint

STRING, NUMBER, BOOL, ANY = (Primitive(name) for name in ("string", "number", "bool", "any"))
STRINGS = Collection("map", STRING)
BACKUPS = Object(
    {
        "retention_days": Attribute(NUMBER),
        "window": Attribute(STRING, optional=True),
        "labels": Attribute(STRINGS, optional=True),
    }
)


def variable(name: str, type_: TypeConstraint = ANY, **more: Any) -> Variable:
    return Variable(name=name, type=type_, **{"required": False, **more})


def module(*variables: Variable, outputs: tuple[str, ...] = ()) -> ModuleInterface:
    return ModuleInterface(
        path=Path("module"),
        variables={each.name: each for each in variables},
        outputs={name: ModuleOutput(name) for name in outputs},
    )


def request(operation: Operation = Operation.CREATE, **layers: Any) -> VariableRequest:
    return VariableRequest(operation=operation, **layers)


def faults_of(asked: VariableRequest, interface: ModuleInterface) -> tuple[str, ...]:
    with pytest.raises(ParameterError) as caught:
        resolve_request(asked, interface)
    assert caught.value.reason is ReasonCode.PARAMETER_INVALID
    assert caught.value.exit_code == 12
    return caught.value.details
