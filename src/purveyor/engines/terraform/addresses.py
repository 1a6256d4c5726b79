"""Which resources a guard's pattern means, in the engine's own addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from purveyor.plan import Change

_PART = re.compile(r'([^.\[\]"]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?(?:\.|$)')


def covers(pattern: str, change: Change) -> bool:
    """Tell whether a pattern means a change's resource.

    `aws_db_instance` is a type, wherever it stands; `aws_db_instance.main` and
    `module.data.aws_db_instance.main` are addresses from the root, with or without an index;
    `module.data` is all that is in that module.
    """
    if "." not in pattern:
        return pattern == change.resource_type
    wanted, parts = _PART.findall(pattern), _PART.findall(change.address)
    return len(wanted) <= len(parts) and all(
        name == part_name and index in {"", part_index}
        for (name, index), (part_name, part_index) in zip(wanted, parts, strict=False)
    )
