"""What was asked, merged by precedence and checked against what a module declares."""

from purveyor.parameters.type_faults import find_type_faults

__all__ = ["find_type_faults"]
