"""Services that Pulumi projects make, alone and beside a module, by the real programs."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import Pipeline, finish
from purveyor_emulator import Emulator
from real_programs import LEFT_OUT
from service_fixtures import OwnService, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minio_server import MinioServer
    from purveyor.json_text import JsonObject
    from real_programs import RealPrograms

PAGE = Path(__file__).parents[2] / "docs/how-to/run-pulumi.md"
KEY = "c4nary-k3y"
MODULE = """
variable "bucket_name" { type = string }
resource "terraform_data" "network" { input = var.bucket_name }
output "network" { value = "net-${terraform_data.network.output}" }
"""
BESIDE = """\
version: 1
backend: {{type: s3, bucket: {bucket}, region: us-east-1, prefix: team, endpoint: "{url}"}}
services:
  bucket:
    steps:
      - name: network
        module: network
      - name: bucket
        pulumi: {{project: pulumi/bucket}}
        compute: {{bucket_name: "{{{{ steps.network.outputs.network }}}}"}}
        parameters: [owner_key]
        outputs: {{arn: arn}}
"""


@pytest.fixture
def service(
    tmp_path: Path, tofu: Path, real: RealPrograms, clean_environment: dict[str, str]
) -> Iterator[OwnService]:
    """Return the page's service, with a resource that can be had here."""
    if real.pulumi is None:
        pytest.skip(f"{LEFT_OUT}no Pulumi")
    catalog, made = tmp_path / "catalog", tmp_path / "made"
    project = catalog / "pulumi/bucket"
    for folder in (project, catalog / "network", made):
        folder.mkdir(parents=True)
    entry, program = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    program = program.replace("aws:s3:Bucket", "x:Thing").replace("${bucket.arn}", "${bucket.text}")
    thing = f"{{folder: {made}, name: bucket, text: 'arn:${{bucket_name}}'}}"
    program = re.sub(r"properties:\n.*\n", f"properties: {thing}\n", program)
    (catalog / "purveyor.yaml").write_text(entry)
    (project / "Pulumi.yaml").write_text(program)
    (catalog / "network/main.tf").write_text(MODULE)
    environment = {
        **clean_environment,
        "PATH": f"{real.pulumi.parent}:{tofu.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
        "PULUMI_CONFIG_PASSPHRASE": "open sesame",
    }
    properties: JsonObject = {
        "bucket_name": attribute("string", "create", "update"),
        "owner_key": {**attribute("string", "create", "update"), "secret": True},
        "arn": attribute("string"),
        "key": {**attribute("string"), "secret": True},
    }
    schema: JsonObject = {"type": "object", "properties": properties}
    seed: JsonObject = {"specifications": [{"slug": "bucket", "attributes": schema}]}
    with Emulator.running(seed=seed) as emulator:
        entity = str(emulator.create_service("bucket", name="orders")["id"])
        yield OwnService(Pipeline(catalog, environment, emulator), emulator, entity)


def states(service: OwnService) -> list[str]:
    folder = service.pipeline.catalog / ".purveyor/state"
    found = folder.rglob("stacks/*/*.json")
    return [str(each.relative_to(folder)) for each in found]


@pytest.mark.slow
def test_the_pages_service_is_made_left_alone_and_deleted(service: OwnService) -> None:
    asked: JsonObject = {"bucket_name": "orders", "owner_key": KEY}
    request = service.emulator.request_action(service.id, "create", asked)
    planned: Any = service.pipeline.run(request, "--plan")
    assert planned.code == 0, planned.stderr
    told = [(each["verb"], each["address"]) for each in planned.outcome["steps"][0]["changes"]]
    assert told == [("create", "x:index:Thing::bucket")]
    assert _files(service) == []

    made = service.pipeline.run(request)
    assert made.code == 0, made.stderr
    assert "1 created" in made.stderr
    assert KEY not in made.stdout + made.stderr
    assert service.attributes()["arn"] == "arn:orders"
    assert states(service) == [
        f"pulumi/services/{service.id}/bucket/.pulumi/stacks/bucket/{service.id}.json"
    ]
    assert KEY not in "".join(each.read_text() for each in _files(service))

    same = service.run("update")
    assert (same.code, same.outcome.get("changes")) == (0, []), same.stderr
    changed = service.run("update", bucket_name="bills")
    assert service.attributes()["arn"] == "arn:bills", changed.stderr

    gone = service.run("delete")
    assert (gone.code, states(service)) == (0, []), gone.stderr
    assert not any((service.pipeline.catalog.parent / "made").iterdir())


def _files(service: OwnService) -> list[Path]:
    folder = service.pipeline.catalog / ".purveyor"
    return [each for each in folder.rglob("*.json") if ".pulumi" in each.parts]


@pytest.mark.slow
def test_a_project_beside_a_module_keeps_its_state_in_the_same_bucket(
    service: OwnService, minio: MinioServer
) -> None:
    minio.make_bucket(bucket := f"states-{service.id[:8]}")
    text = BESIDE.format(bucket=bucket, url=minio.url)
    (service.pipeline.catalog / "purveyor.yaml").write_text(text)
    environment = {**service.pipeline.environment, **minio.environment()}
    service.pipeline = dataclasses.replace(service.pipeline, environment=environment)

    made = service.run("create", bucket_name="orders", owner_key=KEY)
    assert made.code == 0, made.stderr
    assert service.attributes()["arn"] == "arn:net-orders"
    stacks = _objects(minio, bucket, "stacks/")
    assert stacks == [
        f"team/pulumi/services/{service.id}/bucket/.pulumi/stacks/bucket/{service.id}.json"
    ]
    gone = service.run("delete")
    assert gone.code == 0, gone.stderr
    assert _objects(minio, bucket, "stacks/") == []
    assert _objects(minio, bucket, ".tfstate") == []


def _objects(minio: MinioServer, bucket: str, part: str) -> list[str]:
    listed = minio.s3().list_objects_v2(Bucket=bucket).get("Contents", [])
    return [
        each["Key"] for each in listed if part in each["Key"] and not each["Key"].endswith(".bak")
    ]


@pytest.mark.long
def test_a_run_that_is_lost_in_the_middle_is_named_and_mended(service: OwnService) -> None:
    project = service.pipeline.catalog / "pulumi/bucket/Pulumi.yaml"
    text = project.read_text()
    project.write_text(text.replace("name: bucket, text", "name: bucket, mode: slow, text"))
    made = service.pipeline.catalog.parent / "made"
    asked: JsonObject = {"bucket_name": "orders", "owner_key": KEY}
    request = service.emulator.request_action(service.id, "create", asked)
    run = service.pipeline.start(request)
    while not (made / "halfway").exists():
        assert run.poll() is None, finish(run).stderr
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    lock: Any = next((service.pipeline.catalog / ".purveyor").rglob("locks/**/*.json"))
    os.killpg(int(re.findall(r'"pid":(\d+)', lock.read_text())[0]), signal.SIGKILL)

    project.write_text(text)
    refused = service.run("create", bucket_name="orders", owner_key=KEY)
    assert refused.reason == "NEEDS_RECOVERY", refused.stderr
    assert "interrupted while creating" in refused.stderr
    assert not lock.exists()
