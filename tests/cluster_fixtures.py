"""A real Kubernetes for tests: one control plane for all workers, a namespace for each test."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from control_plane import TOKEN, ControlPlane, use_control_plane
from purveyor import json_text
from purveyor.process import Command, run
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.process import Completed
    from real_programs import RealPrograms

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A namespace of a real control plane, with kubectl as the independent oracle.

    What becomes of its pods goes by their images' tags: see `pod_double.FATES`.
    """

    plane: ControlPlane
    program: Path
    namespace: str
    kubeconfig: Path

    @property
    def url(self) -> str:
        """The API server's address."""
        return self.plane.url

    @property
    def token(self) -> str:
        """An administrator's."""
        return TOKEN

    @property
    def authority(self) -> Path:
        """The certificate to trust, in PEM."""
        return self.plane.authority

    def kubectl(self, *arguments: str, stdin: str = "", code: int | None = 0) -> Completed:
        """Run kubectl in the test's namespace; `code` is what it has to end with, None for any."""
        folder = self.kubeconfig.parent
        environment = {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(folder / "cache")}
        environment |= {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        done = run(Command((str(self.program), *arguments), folder, environment, stdin=stdin))
        assert code is None or done.code == code, done.stdout + done.stderr
        return done

    def apply(self, manifest: str) -> None:
        """Apply YAML or JSON as somebody else would, with kubectl."""
        self.kubectl("apply", "-f", "-", stdin=manifest)

    def put_load(self, millicores: int) -> None:
        """Let the namespace's running pods share so much work."""
        load = f"double.test/load={millicores}"
        self.kubectl("annotate", "namespace", self.namespace, load, "--overwrite")

    def get(self, kind: str, name: str) -> Any:
        """Return an object as kubectl sees it; None when it is not there."""
        done = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        return json_text.parse(done.stdout) if done.stdout.strip() else None

    def list(self, *arguments: str) -> Any:
        """Return the namespace's objects of a kind as kubectl sees them."""
        found: Any = json_text.parse(self.kubectl("get", *arguments, "-o", "json").stdout)
        return found["items"]


@pytest.fixture(scope="session")
def control_plane(
    real: RealPrograms, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """One for all workers: started by the first test that asks, ended with the last of them."""
    if real.control_plane is None or real.kubectl is None:
        pytest.skip(f"{LEFT_OUT}no Kubernetes")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if _is_worker() else base) / "control-plane"
    with use_control_plane(real.control_plane, folder) as plane:
        yield plane


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ  # noqa: TID251 - says which process of pytest's


@pytest.fixture
def cluster(control_plane: ControlPlane, real: RealPrograms, tmp_path: Path) -> Cluster:
    """A namespace of the test's own, with a kubeconfig that leads there."""
    assert real.kubectl is not None
    folder = tmp_path / "cluster"
    folder.mkdir()
    namespace = f"test-{os.getpid()}-{next(_numbers)}"
    api = control_plane.api()
    api.make_namespace(namespace)
    kubeconfig = control_plane.write_kubeconfig(folder / "kubeconfig", namespace)
    return Cluster(control_plane, real.kubectl, namespace, kubeconfig)
