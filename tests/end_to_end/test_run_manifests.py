"""One service whose module makes a record and whose manifests run on a real control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline
from purveyor_emulator import Emulator
from service_fixtures import OwnService, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cluster_fixtures import Cluster
    from purveyor.json_text import JsonObject

PASSWORD = "c4nary-horse"
CATALOG = """\
version: 1
backend: {type: local}
services:
  shop:
    steps:
      - name: record
        module: record
      - name: app
        manifests:
          folder: k8s/shop
          namespace: "%s"
          outputs:
            address: "{{ objects['Service/shop'].spec.clusterIP }}"
        parameters: [replicas, password]
        outputs: {address: address}
"""
MODULE = """
variable "title" { type = string }
resource "terraform_data" "record" { input = var.title }
output "title" { value = terraform_data.record.output }
"""
MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  annotations: {title: {{ steps.record.title }}, service: {{ purveyor.service.id }}}
spec:
  replicas: {{ replicas }}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: example.com/shop:1
          env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: shop, key: password}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData: {password: {{ password }}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
"""


@pytest.fixture
def service(
    tmp_path: Path, tofu: Path, clean_environment: dict[str, str], cluster: Cluster
) -> Iterator[OwnService]:
    catalog, programs = tmp_path / "catalog", tmp_path / "programs"
    for folder in (catalog / "record", catalog / "k8s/shop", programs):
        folder.mkdir(parents=True)
    (catalog / "purveyor.yaml").write_text(CATALOG % cluster.namespace)
    (catalog / "record/main.tf").write_text(MODULE)
    (catalog / "k8s/shop/shop.yaml.j2").write_text(MANIFESTS)
    (programs / "tofu").symlink_to(tofu)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
        "KUBECONFIG": str(cluster.kubeconfig),
    }
    properties: JsonObject = {
        "title": attribute("string", "create", "update"),
        "replicas": attribute("integer", "create", "update"),
        "password": {**attribute("string", "create", "update"), "secret": True},
        "address": attribute("string"),
    }
    schema: JsonObject = {"type": "object", "properties": properties}
    seed: JsonObject = {"specifications": [{"slug": "shop", "attributes": schema}]}
    with Emulator.running(seed=seed) as emulator:
        entity = str(emulator.create_service("shop", name="news")["id"])
        yield OwnService(Pipeline(catalog, environment, emulator), emulator, entity)


@pytest.mark.slow
def test_a_shop_is_applied_scaled_left_alone_and_deleted(
    service: OwnService, cluster: Cluster
) -> None:
    title = 'a: "b"\nreplicas: 7'
    made = service.run("create", title=title, replicas=1, password=PASSWORD)
    assert made.code == 0, made.stderr
    assert "4 created" in made.stderr
    assert PASSWORD not in made.stderr + made.stdout
    found = cluster.get("deploy", "shop")
    assert found["metadata"]["annotations"]["title"] == title
    assert found["metadata"]["annotations"]["service"] == service.id
    assert service.attributes()["address"] == cluster.get("svc", "shop")["spec"]["clusterIP"]

    scaled = service.run("update", replicas=2, password=PASSWORD)
    assert scaled.code == 0, scaled.stderr
    assert "1 updated" in scaled.stderr
    assert cluster.get("deploy", "shop")["status"]["readyReplicas"] == 2

    same = service.run("update", password=PASSWORD)
    assert same.code == 0, same.stderr
    assert "nothing had to change" in same.stderr

    gone = service.run("delete")
    assert gone.code == 0, gone.stderr
    left = {each["metadata"]["name"] for each in cluster.list("cm,secret,deploy,svc,pods")}
    assert left == {"kube-root-ca.crt"}
