"""The catalog: which module, account and backend serve which specification."""

from purveyor.catalog.loading import load_catalog
from purveyor.catalog.recipe import Account, OutputRule, Recipe, StepRecipe
from purveyor.catalog.resolution import Catalog

__all__ = ["Account", "Catalog", "OutputRule", "Recipe", "StepRecipe", "load_catalog"]
