"""Everything that is asked of a module in one action, by who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import Operation
    from purveyor.json_text import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The layers of one module's variables, weakest first.

    `defaults` and `fixed` are the platform team's, below and above everything. Attributes are the
    platform's record of earlier runs: null and what the module does not declare count as absent.
    `parameters` are what was asked now: here null is a value. `offered` are reserved names
    (`purveyor`, `service_id`, `tags`, …), given only where the module declares a variable that
    they fit; no parameter can replace them. `immutable` names variables, or places in them
    (`storage.class`), that an update may not change.
    """

    operation: Operation
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    service_attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    link_attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    offered: Mapping[str, JsonValue] = field(default_factory=dict)
    fixed: Mapping[str, JsonValue] = field(default_factory=dict)
    immutable: tuple[str, ...] = ()
