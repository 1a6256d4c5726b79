"""A real Kubernetes control plane in processes of its own, without containers, root or network.

Run as a program it starts etcd, the API server, the controllers, the scheduler and the kubelets'
double, says so by ending, and leaves a keeper behind: the keeper ends them once nobody holds the
lock `users` any more, however that came about.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess  # noqa: TID251 - servers that outlive one call
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from certificate import Certificate, write_certificate
from kubelet_double import NODES, KubeletDouble
from kubernetes_api import KubernetesApi
from store_process import free_port

USERS = "users"
TOKEN = "admin-secret"
_START_SECONDS = 60
_ETCD = (
    "etcd --data-dir etcd --unsafe-no-fsync --log-level error"
    " --listen-client-urls unix://c:1 --advertise-client-urls unix://c:1"
    " --listen-peer-urls unix://p:1 --initial-advertise-peer-urls unix://p:1"
    " --initial-cluster default=unix://p:1"
)
_SERVER = (
    "kube-apiserver --etcd-servers=unix://c:1 --bind-address=127.0.0.1"
    " --advertise-address=127.0.0.1 --endpoint-reconciler-type=none"
    " --tls-cert-file=chain.pem --tls-private-key-file=key.pem"
    " --kubelet-preferred-address-types=InternalIP"
    " --service-cluster-ip-range=10.0.0.0/16 --authorization-mode=RBAC"
    " --token-auth-file=tokens.csv --service-account-issuer=https://kubernetes.default.svc"
    " --service-account-key-file=chain.pem --service-account-signing-key-file=key.pem"
)
# The double sends no heartbeats.
_CONTROLLERS = (
    "kube-controller-manager --kubeconfig=kubeconfig --leader-elect=false --secure-port=0"
    " --node-monitor-grace-period=24h --node-startup-grace-period=24h"
    " --service-account-private-key-file=key.pem --root-ca-file=authority.pem"
    " --horizontal-pod-autoscaler-sync-period=1s"
    " --horizontal-pod-autoscaler-cpu-initialization-period=0s"
    " --horizontal-pod-autoscaler-downscale-stabilization=0s"
)
_SCHEDULER = "kube-scheduler --kubeconfig=kubeconfig --leader-elect=false --secure-port=0"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Where the API server listens, and what lets an administrator in."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.folder / "authority.pem"

    def api(self) -> KubernetesApi:
        names = ("authority.pem", "chain.pem", "key.pem")
        return KubernetesApi(self.port, TOKEN, Certificate(*(self.folder / n for n in names)))

    def write_kubeconfig(self, path: Path, namespace: str = "default") -> Path:
        """Write what kubectl goes by, with one context whose namespace is the given one."""
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        context = {"cluster": "test", "user": "admin", "namespace": namespace}
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
        path.write_text(yaml.safe_dump(document))
        return path


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Any:
    with path.open("a") as held:
        fcntl.flock(held, how)
        yield


@contextlib.contextmanager
def use_control_plane(program: Path, folder: Path) -> Any:
    """Give the control plane of a folder; it is started by the first, and ended by the last."""
    folder.mkdir(exist_ok=True)
    port = folder / "port"
    with _locked(folder / USERS, fcntl.LOCK_SH):
        with _locked(folder / "start", fcntl.LOCK_EX):
            if not port.exists():
                argv = [sys.executable, __file__, str(program), str(folder)]
                environment = {"PYTHONPATH": str(Path(__file__).parent), "HOME": str(folder)}
                environment["GOGC"] = "400"  # a quarter less work until it is ready (measured)
                done = subprocess.run(argv, env=environment, check=False)
                assert done.returncode == 0, (folder / "log").read_text(errors="replace")[-6000:]
        yield ControlPlane(folder, int(port.read_text()))


def _start(program: str, folder: Path) -> list[subprocess.Popen[bytes]]:
    """Start everything and wait until the nodes are ready."""
    plane = ControlPlane(folder, free_port())
    write_certificate(folder, ("localhost", "127.0.0.1"))
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
    plane.write_kubeconfig(folder / "kubeconfig")
    children = []
    with (folder / "log").open("ab") as log:
        for words in (_ETCD, f"{_SERVER} --secure-port={plane.port}", _CONTROLLERS, _SCHEDULER):
            argv = [program, *words.split()]
            children.append(subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log))
    api = plane.api()
    _wait(lambda: api.call("GET", "/api/v1/namespaces/default/serviceaccounts/default"), children)
    threading.Thread(target=KubeletDouble(api).run, daemon=True).start()
    _wait(lambda: all(_is_ready(api, name) for name in NODES), children)
    _wait(lambda: api.call("GET", "/apis/metrics.k8s.io/v1beta1"), children)
    (folder / "port").write_text(str(plane.port))
    return children


def _wait(ready: Any, children: list[subprocess.Popen[bytes]]) -> None:
    for _ in range(_START_SECONDS * 20):
        with contextlib.suppress(OSError):
            if ready():
                return
        ended = [each.args for each in children if each.poll() is not None]
        assert not ended, f"ended at its start: {ended}"
        time.sleep(0.05)
    raise AssertionError(f"not ready within {_START_SECONDS} s")


def _is_ready(api: KubernetesApi, name: str) -> bool:
    node = api.call("GET", f"/api/v1/nodes/{name}")
    return bool(node) and not node["spec"].get("taints")


def _keep(program: str, folder: Path, told: int) -> None:
    """Start, tell the one who waits, and end everything when nobody is left."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        children += _start(program, folder)
        os.write(told, b"ready")
        os.close(told)
        with _locked(folder / USERS, fcntl.LOCK_EX):
            (folder / "port").unlink()
            for each in children:
                each.kill()  # 0.07 s, where an interrupt takes 1.2 s (measured)
                each.wait()
            shutil.rmtree(folder / "etcd")
    finally:
        for each in children:
            each.kill()


def main() -> None:
    program, folder = sys.argv[1], Path(sys.argv[2])
    hear, told = os.pipe()
    if os.fork():
        os.close(told)
        sys.exit(0 if os.read(hear, 5) == b"ready" else 1)
    os.setsid()
    with (folder / "log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    _keep(program, folder, told)


if __name__ == "__main__":
    main()
