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
    """The layers of one module's variables, weakest first.

    `defaults` and `fixed` are the platform team's, below and above everything. Attributes are what
    the platform shows of a service, and of a link, None where the action is about none: they hold
    results of earlier runs, and what the module does not declare counts as absent. `remembered` is
    what the entity's last success was asked for, where that is known: it takes the place of the
    entity's own attributes, and in it null is a value. `applied` is every value of that success.
    `hidden` names what was set before and can be told by nobody now, such as a secret that was not
    kept. `parameters` are what was asked now: here null is a value. `offered` are reserved names
    (`purveyor`, `service_id`, `tags`, …), given only where the module declares a variable that
    they fit; no parameter can replace them. `immutable` names variables, or places in them
    (`storage.class`), that an update may not change.
    """

    operation: Operation
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    service_attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    link_attributes: Mapping[str, JsonValue] | None = None
    remembered: Mapping[str, JsonValue] | None = None
    applied: Mapping[str, JsonValue] | None = None
    hidden: frozenset[str] = frozenset()
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    offered: Mapping[str, JsonValue] = field(default_factory=dict)
    fixed: Mapping[str, JsonValue] = field(default_factory=dict)
    immutable: tuple[str, ...] = ()

    @property
    def own_attributes(self) -> Mapping[str, JsonValue]:
        """What the platform shows of the entity that the action is about."""
        return self.service_attributes if self.link_attributes is None else self.link_attributes
