"""The catalog: which module, account and backend serve which specification."""

from purveyor.catalog.loading import load_catalog
from purveyor.catalog.recipe import Account, ActionProgram, OutputRule, Recipe
from purveyor.catalog.resolution import Catalog

__all__ = ["Account", "ActionProgram", "Catalog", "OutputRule", "Recipe", "load_catalog"]
