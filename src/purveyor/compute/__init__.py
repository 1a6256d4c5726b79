"""Values that a catalog works out by templates: `np-{{ service.name | slug(40) }}`.

Importing this package loads Jinja2: do so only where a catalog computes something.
"""

from purveyor.compute.template import NAMES, ComputeError, Template, UsedPath

__all__ = ["NAMES", "ComputeError", "Template", "UsedPath"]
