"""The engine for steps that are Pulumi projects."""

from purveyor.engines.pulumi.engine import PulumiEngine

__all__ = ["PulumiEngine"]
