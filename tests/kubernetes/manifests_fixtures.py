"""A catalog's folder of manifests, applied by the engine to a namespace of a real cluster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import yaml

from purveyor.action import Operation
from purveyor.engines.kubernetes import KubernetesEngine
from purveyor.plan import Guard
from purveyor.process import Interruption
from purveyor.program import Manifests
from purveyor.redaction import Redactor
from purveyor.step import Noticed, Step

if TYPE_CHECKING:
    from pathlib import Path

    from cluster_fixtures import Cluster
    from purveyor.json_text import JsonValue
    from purveyor.step import Engine, StepEvent, StepResult


class ManifestsStage:
    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.cluster = cluster
        self.folder = folder / "app"
        self.folder.mkdir(exist_ok=True)
        self.workspace = folder / "workspace"
        self.workspace.mkdir(mode=0o700, exist_ok=True)
        self.environment = {
            "KUBECONFIG": str(cluster.kubeconfig),
            "HOME": str(folder),
            "PATH": os.environ["PATH"],  # noqa: TID251 - renderers are found where the tests' are
        }
        self.interruption = Interruption()
        self.redactor = Redactor()
        self.heard: list[StepEvent] = []
        self.timeout = 30.0
        self.outputs: dict[str, str] = {}
        self.protect: tuple[str, ...] = ()
        self.step = "app"

    def write(self, *documents: Any, name: str = "app.yaml") -> None:
        """Let the folder hold these documents and nothing else."""
        for each in self.folder.iterdir():
            each.unlink()
        text = documents[0] if isinstance(documents[0], str) else yaml.safe_dump_all(documents)
        (self.folder / name).write_text(text)

    def open(self) -> Engine:
        manifests = Manifests(
            self.folder.parent,
            self.folder,
            outputs=self.outputs,
            timeout=self.timeout,
            public=frozenset({"address"}),
        )
        return KubernetesEngine(manifests, self.redactor)

    def order(self, operation: Operation, **variables: JsonValue) -> Step:
        own = {"purveyor_namespace": self.cluster.namespace, **variables}
        return Step(
            operation=operation,
            workspace=self.workspace,
            module=self.folder.parent,
            variables={
                "step": self.step,
                "service": {"id": "7f3a", "slug": "shop"},
                "link": None,
                "variables": own,
                "steps": {"database": {"endpoint": "db.example.com"}},
            },
            environment=self.environment,
            interruption=self.interruption,
            guard=Guard(self.protect),
        )

    def apply(self, **variables: JsonValue) -> StepResult:
        step = self.order(Operation.UPDATE, **variables)
        return self.open().run(step, self.heard.append)

    def preview(self, **variables: JsonValue) -> StepResult:
        step = self.order(Operation.UPDATE, **variables)
        return self.open().preview(step, self.heard.append)

    def delete(self) -> StepResult:
        return self.open().run(self.order(Operation.DELETE), self.heard.append)

    def said(self) -> str:
        return "\n".join(each.text for each in self.heard if isinstance(each, Noticed))


def apply_as_stage(folder: Path, cluster: Cluster) -> None:
    """Apply what the folder's stage has; for a process that is to die meanwhile."""
    ManifestsStage(folder, cluster).apply()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, tag: str, replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "c", "image": f"example.com/{name}:{tag}"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
