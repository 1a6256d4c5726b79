"""Finding and installing Terraform and OpenTofu."""

from purveyor.engines.binary.model import EngineBinary
from purveyor.engines.binary.places import cache_folder, make_cache
from purveyor.engines.binary.search import find_engine, supply_engine

__all__ = ["EngineBinary", "cache_folder", "find_engine", "make_cache", "supply_engine"]
