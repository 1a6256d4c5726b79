"""What a module declares, read from its HCL and JSON files."""

from purveyor.hcl.module import read_module

__all__ = ["read_module"]
