"""The example of an application on Kubernetes, on a real control plane."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import Pipeline, action_id
from purveyor.validation import validate_catalog
from purveyor_emulator import Emulator
from service_fixtures import OwnService, hold_gate
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster_fixtures import Cluster
    from purveyor.json_text import JsonObject

EXAMPLE = Path(__file__).parents[2] / "examples/containerised-app"
IMAGE = "registry.example.com/shop:1"


def test_the_example_is_sound() -> None:
    found = validate_catalog(EXAMPLE)
    assert (found.services, found.links, found.actions) == (1, 1, 3)


@pytest.fixture
def app(
    tmp_path: Path, cluster: Cluster, clean_environment: dict[str, str]
) -> Iterator[OwnService]:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "kubectl").symlink_to(cluster.program)
    (programs / "python3").symlink_to(sys.executable)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "KUBECONFIG": str(cluster.kubeconfig),
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    with Emulator.running(seed=EXAMPLE / "seed.yaml") as emulator:
        entity = str(emulator.create_service("web-application", name="shop")["id"])
        yield OwnService(Pipeline(catalog, environment, emulator), emulator, entity)


def perform(app: OwnService, action: str, **parameters: Any) -> Any:
    """Press a button, and return what the developer gets."""
    asked = app.emulator.request_action(app.id, action, parameters)
    done = app.pipeline.run(asked)
    assert done.code == 0, done.stderr
    return app.emulator.action(action_id(asked))["results"]


def await_pods(cluster: Cluster, count: int) -> None:
    for _ in range(200):
        if cluster.get("deployment", "shop")["status"].get("readyReplicas") == count:
            return
        time.sleep(0.1)
    raise AssertionError(cluster.kubectl("describe", "hpa,deployment").stdout)


def test_an_application_is_deployed_and_a_caller_gets_its_address(
    app: OwnService, cluster: Cluster
) -> None:
    settings: JsonObject = {"GREETING": "yes", "SECONDS": "60"}
    made = app.run("create", image=IMAGE, settings=settings)
    assert made.code == 0, made.stderr
    address = f"http://shop.{cluster.namespace}.svc"
    assert app.attributes()["address"] == address
    [container] = cluster.get("deployment", "shop")["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert given == {**settings, "PORT": "8080"}

    link = str(app.emulator.create_link(app.id, "application-access", name="cart")["id"])
    asked = app.emulator.request_action(link, "create", {"caller": "cart"})
    linked = app.pipeline.run(asked)
    assert linked.code == 0, linked.stderr
    assert app.emulator.entity("link", link)["attributes"]["address"] == address  # type: ignore[call-overload,index]
    [rule] = cluster.get("networkpolicy", "shop-from-cart")["spec"]["ingress"]
    [caller] = rule["from"]
    assert caller["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "cart"}


@pytest.mark.slow
def test_a_release_that_cannot_be_pulled_fails_with_the_reason_and_is_mended(
    app: OwnService, cluster: Cluster
) -> None:
    app.create(image=IMAGE)
    catalog = app.pipeline.catalog / "purveyor.yaml"
    catalog.write_text(catalog.read_text().replace("timeout: 300", "timeout: 3"))
    bad = app.run("update", image="registry.example.com/shop:broken")
    assert bad.code != 0
    assert "ImagePullBackOff" in bad.stderr
    assert cluster.get("deployment", "shop")["status"]["availableReplicas"] == 1
    app.update(image="registry.example.com/shop:2")
    logs = perform(app, "logs", lines=1)
    assert {line.partition("] ")[2] for line in logs["lines"]} == {
        "app: registry.example.com/shop:2 listens"
    }
    assert any("Failed to pull image" in each for each in logs["warnings"])


@pytest.mark.slow
def test_pods_are_added_by_load_and_by_hand_and_an_update_leaves_them(
    app: OwnService, cluster: Cluster
) -> None:
    app.create(image=IMAGE, pods_most=5)
    assert perform(app, "scale", pods=4) == {"pods": 4}
    cluster.put_load(350)
    await_pods(cluster, 5)
    hold_gate(app.pipeline, app.id)
    assert perform(app, "restart") == {"pods": 5}
    hold_gate(app.pipeline, app.id)
    refused = app.run("scale", pods=9)
    assert "9 pods are more than 5" in refused.stderr
    fewer = app.run("update", pods_most=2, image="registry.example.com/shop:2")
    assert fewer.code != 0
    limits = cluster.get("hpa", "shop")["spec"]
    assert (limits["minReplicas"], limits["maxReplicas"]) == (4, 5)
    assert IMAGE in cluster.kubectl("get", "deployment", "shop", "-o", "yaml").stdout


@pytest.mark.slow
def test_a_deleted_application_leaves_nothing(app: OwnService, cluster: Cluster) -> None:
    app.create(image=IMAGE)
    gone = app.run("delete")
    assert gone.code == 0, gone.stderr
    kinds = "deployments,services,pods,hpa,pdb,networkpolicies"
    assert cluster.list(kinds) == []


def play(app: OwnService, case: Path, *more: str) -> str:
    """Run a case without the platform, and return what the log says."""
    words = ("run", *more, "--no-report", "--context", str(case))
    environment = dict(app.pipeline.environment)
    done = run_command(*words, cwd=app.pipeline.catalog, env=environment, timeout=60)
    assert done.returncode == 0, f"{case.name}: {done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.slow
def test_the_cases_are_played_in_order(app: OwnService, cluster: Cluster) -> None:
    cases = sorted((EXAMPLE / "cases").iterdir())
    assert "Deployment/shop" in play(app, cases[0], "--plan")
    assert cluster.list("deployments") == []
    for case in cases:
        play(app, case)
    assert cluster.list("deployments,services,hpa,pdb,networkpolicies") == []
