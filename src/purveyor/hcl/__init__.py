"""What a module declares, read from its HCL and JSON files."""

from purveyor.hcl.calls import CalledModules
from purveyor.hcl.files import is_module_file
from purveyor.hcl.module import read_module

__all__ = ["CalledModules", "is_module_file", "read_module"]
