"""The thing in two parts on a real cluster: a ConfigMap, and a Deployment that has to get ready."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from contract_fixtures import EngineCase

from cluster_fixtures import Cluster
from purveyor.engines.kubernetes import KubernetesEngine
from purveyor.program import Manifests
from purveyor.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    from control_plane import ControlPlane
    from purveyor.action import Operation
    from purveyor.json_text import JsonObject
    from purveyor.step import Engine

TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: first}
data: {text: {{ text }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: second, annotations: {text: {{ text }}}}
spec:
  replicas: 1
  progressDeadlineSeconds: {{ 2 if mode == "fail" else 600 }}
  selector: {matchLabels: {app: second}}
  template:
    metadata: {labels: {app: second}}
    spec:
      containers:
        - name: thing
          image: example.com/thing:{{ {"fail": "broken", "slow": "slow"}.get(mode, text) }}
---
apiVersion: v1
kind: Secret
metadata: {name: third}
stringData:
  token: c4nary-m4de-{{ password | reverse }}
  password: {{ password }}
"""


class KubernetesCase(EngineCase):
    fixture: ClassVar[str] = "control_plane"
    starts_programs: ClassVar[bool] = False

    def prepare(self) -> None:
        assert self.real.kubectl is not None
        (self.folder / "app").mkdir()
        (self.folder / "app/thing.yaml.j2").write_text(TEMPLATE)
        namespace = f"contract-{uuid.uuid4().hex[:8]}"
        plane: ControlPlane = self.given
        plane.api().make_namespace(namespace)
        kubeconfig = plane.write_kubeconfig(self.folder / "kubeconfig", namespace)
        self.cluster = Cluster(plane, self.real.kubectl, namespace, kubeconfig)

    def open(self) -> Engine:
        outputs = {
            "text": "{{ objects['ConfigMap/first'].data.text }}",
            "token": "{{ objects['Secret/third'].data.token | b64decode }}",
        }
        manifests = Manifests(
            self.folder,
            self.folder / "app",
            kubeconfig=self.cluster.kubeconfig,
            outputs=outputs,
            timeout=60.0,
            public=frozenset({"text"}),
        )
        return KubernetesEngine(manifests, self.redactor)

    def step(self, operation: Operation, variables: JsonObject, workspace: Path) -> Step:
        return Step(
            operation=operation,
            workspace=workspace,
            module=self.folder,
            variables={"variables": variables, "service": {"id": "1"}, "step": "app"},
            environment=self.environment,
            interruption=self.interruption,
        )

    def made(self) -> dict[str, str]:
        first, second = self.cluster.get("cm", "first"), self.cluster.get("deploy", "second")
        found = {"first": first["data"]["text"]} if first else {}
        if second and second["status"].get("availableReplicas"):
            found["second"] = second["metadata"]["annotations"]["text"]
        return found

    def is_halfway(self) -> bool:
        return self.cluster.get("deploy", "second") is not None
