"""Terraform and OpenTofu: one engine for both."""

from purveyor.engines.terraform.engine import TerraformEngine

__all__ = ["TerraformEngine"]
