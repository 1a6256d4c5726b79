"""Carries out steps with manifests on a Kubernetes cluster."""

from purveyor.engines.kubernetes.engine import KubernetesEngine

__all__ = ["KubernetesEngine"]
