"""Measure an apply of four objects beside `kubectl apply --server-side`, each a process of its own.

Run it with PYTHONPATH=tests: the control plane is the tests'. The two take turns, and the table
shows medians. What the engine does beside it: a dry run of all, an applied set that is written
before and after, a look for what left the manifests, and a wait until all is current.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from control_plane import use_control_plane
from purveyor.process import Command, run
from purveyor.settings import read_settings
from real_programs import look_around

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    wanted = parser.parse_args()
    real = look_around(read_settings())
    if real.control_plane is None:
        sys.exit("There is no Kubernetes here: `make tools` brings it.")
    with (
        tempfile.TemporaryDirectory() as name,
        use_control_plane(real.control_plane, Path(name) / "plane") as plane,
    ):
        folder = Path(name)
        plane.api().make_namespace("bench")
        plane.write_kubeconfig(folder / "kubeconfig", "bench")
        found = _measure(folder, str(real.kubectl), wanted.rounds)
    ours, theirs = (statistics.median(each) for each in found)
    print(f"engine {ours:.3f} s, kubectl {theirs:.3f} s: {ours / theirs:.2f} times")  # noqa: T201 - its job


def _measure(folder: Path, kubectl: str, rounds: int) -> tuple[list[float], list[float]]:
    (folder / "ours").mkdir()
    environment = {"KUBECONFIG": str(folder / "kubeconfig"), "KUBECACHEDIR": str(folder / "cache")}
    environment |= {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    once = (sys.executable, str(Path(__file__).with_name("apply_process.py")), str(folder))
    apply = (kubectl, "apply", "--server-side", "-f", str(folder / "theirs.yaml"))
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        (folder / "ours/app.yaml").write_text(yaml.safe_dump_all(_documents("ours", number)))
        (folder / "theirs.yaml").write_text(yaml.safe_dump_all(_documents("theirs", number)))
        for times, argv in zip(found, (once, apply), strict=True):
            begun = time.perf_counter()
            done = run(Command(argv, folder, environment))
            times.append(time.perf_counter() - begun)
            if done.code:
                sys.exit(done.stdout + done.stderr)
    return found[0][1:], found[1][1:]  # the first fills caches


def _documents(name: str, number: int) -> Iterator[dict[str, object]]:
    value = {"number": str(number)}
    metadata = {"name": name, "labels": value}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": value}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": value}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    ports = [{"port": 80}]
    yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}}


if __name__ == "__main__":
    main()
