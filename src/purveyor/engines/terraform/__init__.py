"""Terraform and OpenTofu: one engine for both."""

from purveyor.engines.terraform.engine import TerraformEngine
from purveyor.engines.terraform.init import inspect_module

__all__ = ["TerraformEngine", "inspect_module"]
