"""What was asked, merged by precedence and checked against what a module declares."""

from purveyor.parameters.layers import find_asked
from purveyor.parameters.request import Request
from purveyor.parameters.sameness import is_same, normalise
from purveyor.parameters.settlement import find_offered, find_overruled, settle
from purveyor.parameters.type_faults import find_converted, find_type_faults

__all__ = [
    "Request",
    "find_asked",
    "find_converted",
    "find_offered",
    "find_overruled",
    "find_type_faults",
    "is_same",
    "normalise",
    "settle",
]
