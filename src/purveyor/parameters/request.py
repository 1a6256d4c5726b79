"""Everything that is asked of a module in one action, by who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import Operation
    from purveyor.json_text import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRequest:
    """The layers of one module's variables, weakest first."""

    operation: Operation
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)  # the platform team's
    # What the platform shows: results of earlier runs, too. What is not declared counts as absent.
    service_attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    link_attributes: Mapping[str, JsonValue] | None = None  # None for an action on a service
    # What the entity's last success was asked for, where known: in the place of its own attributes.
    remembered: Mapping[str, JsonValue] | None = None
    applied: Mapping[str, JsonValue] | None = None  # every value of that success
    # What was set before and can be told by nobody now, such as a secret that was not kept.
    hidden: frozenset[str] = frozenset()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)  # asked now
    # Reserved names, given only where a declared variable fits; no parameter can replace them.
    offered: Mapping[str, JsonValue] = field(default_factory=dict)
    fixed: Mapping[str, JsonValue] = field(default_factory=dict)  # the platform team's; it wins
    immutable: tuple[str, ...] = ()  # variables, or places in them (`storage.class`)
    used: frozenset[str] = frozenset()  # parameters that computed values read
    secret: frozenset[str] = frozenset()  # variables whose values no fault may show

    @property
    def own_attributes(self) -> Mapping[str, JsonValue]:
        return self.service_attributes if self.link_attributes is None else self.link_attributes
