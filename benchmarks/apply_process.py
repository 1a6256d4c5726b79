"""The process that `bench_kubernetes` measures: it applies a folder's manifests, and ends."""

import sys
from pathlib import Path

from purveyor.action import Operation
from purveyor.engines.kubernetes import KubernetesEngine
from purveyor.process import Interruption
from purveyor.program import Manifests
from purveyor.redaction import Redactor
from purveyor.step import Step

FOLDER = Path(sys.argv[1])
KubernetesEngine(Manifests(FOLDER, FOLDER / "ours"), Redactor()).run(
    Step(
        operation=Operation.UPDATE,
        workspace=FOLDER,
        module=FOLDER,
        variables={"step": "app", "service": {"id": "1"}},
        environment={"KUBECONFIG": str(FOLDER / "kubeconfig")},
        interruption=Interruption(),
    ),
    lambda _: None,
)
