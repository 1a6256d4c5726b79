"""What was asked, merged by precedence and checked against what a module declares."""

from purveyor.parameters.request import Request
from purveyor.parameters.settlement import (
    find_missing,
    find_offered,
    find_overruled,
    settle,
)
from purveyor.parameters.type_faults import find_type_faults

__all__ = [
    "Request",
    "find_missing",
    "find_offered",
    "find_overruled",
    "find_type_faults",
    "settle",
]
