"""What was asked, merged by precedence and checked against what a module declares."""

from purveyor.parameters.equality import is_same, normalise
from purveyor.parameters.layers import VariableRequest, find_asked
from purveyor.parameters.resolve import find_offered, find_overruled, resolve_request
from purveyor.parameters.type_faults import find_converted, find_type_faults

__all__ = [
    "VariableRequest",
    "find_asked",
    "find_converted",
    "find_offered",
    "find_overruled",
    "find_type_faults",
    "is_same",
    "normalise",
    "resolve_request",
]
