"""Values that a catalog works out by templates: `np-{{ service.name | slug(40) }}`.

Importing this package loads Jinja2: do so only where a catalog computes something.
"""

from purveyor.compute.template import ComputeError, Template, UsedPath, find_template_faults

__all__ = ["ComputeError", "Template", "UsedPath", "find_template_faults"]
