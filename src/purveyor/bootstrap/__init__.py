"""Setting up the place where states live, again and again, and never weaker than it is."""

from purveyor.bootstrap.model import Measure, Survey, set_up
from purveyor.bootstrap.opening import open_store, open_stores
from purveyor.bootstrap.rights import Rights, describe_all_rights, describe_rights

__all__ = [
    "Measure",
    "Rights",
    "Survey",
    "describe_all_rights",
    "describe_rights",
    "open_store",
    "open_stores",
    "set_up",
]
