"""Users, groups and grants: the example catalog, whose proof logs in and whose review compares."""

from __future__ import annotations

import re
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
import yaml

from moto_server import REGION, MotoServer, run_moto
from pipeline import Pipeline, action_id
from purveyor import json_text
from purveyor_emulator import Emulator
from service_fixtures import hold_gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline import Finished
    from purveyor.json_text import JsonObject, JsonValue

EXAMPLE = Path(__file__).parents[2] / "examples/iam"
TRUST = '"Principal":{"AWS":"*"}'
ADA = [f"shop-ada: {grant} (shop-operators)" for grant in ("deploy", "read", "write")]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.running(seed=EXAMPLE / "seed.yaml") as running:
        yield running


@pytest.fixture
def company(
    emulator: Emulator, tmp_path: Path, tofu: Path, clean_environment: dict[str, str]
) -> Pipeline:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    for file in catalog.rglob("purveyor.yaml"):
        file.write_text(file.read_text().replace("/tmp/purveyor-iam", f"{tmp_path}/directory"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    # The scripts' own interpreter: the one that has boto3.
    (programs / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "python3").chmod(0o755)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    return Pipeline(catalog, environment, emulator)


def press(company: Pipeline, entity: str, action: str, **asked: JsonValue) -> Finished:
    assert company.emulator is not None
    return company.run(company.emulator.request_action(entity, action, asked))


def change(company: Pipeline, entity: str, action: str, **asked: JsonValue) -> Finished:
    done = press(company, entity, action, **asked)
    assert (done.code, done.outcome.get("platform_heard")) == (0, True), done.stderr
    if action != "delete":
        hold_gate(company, entity)
    return done


def review(company: Pipeline, project: str) -> JsonObject:
    assert company.emulator is not None
    wanted = company.emulator.request_action(project, "review")
    done = company.run(wanted)
    assert done.code == 0, done.stderr
    results = company.emulator.action(action_id(wanted))["results"]
    assert isinstance(results, dict)
    return results


def started(company: Pipeline) -> tuple[str, str]:
    """Make a project with one operator."""
    assert company.emulator is not None
    project = str(company.emulator.create_service("project", name="Shop")["id"])
    change(company, project, "create")
    ada = str(company.emulator.create_link(project, "member", name="ada")["id"])
    done = change(company, ada, "create", person="ada@example.com", groups=["operators"])
    assert "shop-ada reaches deploy, read, write; refused: administer" in done.stderr
    return project, ada


def live_and_leave(company: Pipeline) -> None:
    project, ada = started(company)
    emulator = company.emulator
    assert emulator is not None
    secret = str(emulator.secret("link", ada, "secret_key"))
    assert len(secret) > 30
    first = review(company, project)
    assert first["seen"] == ADA
    assert first["changed"] == ["this is the first review"]

    moved = change(company, ada, "update", groups=["readers"])
    assert "shop-ada reaches read; refused: write, deploy, administer" in moved.stderr
    assert secret not in moved.stderr + moved.stdout
    zoe = str(emulator.create_link(project, "member", name="zoe")["id"])
    change(company, zoe, "create", person="zoe@example.com", groups=["readers"])
    then = review(company, project)
    assert then["leavers"] == ["shop-zoe"]
    assert then["changed"] == [
        "new: shop-ada: read (shop-readers)",
        "new: shop-zoe: read (shop-readers)",
        *(f"gone: {each}" for each in ADA),
    ]
    assert review(company, project)["changed"] == []

    change(company, zoe, "delete")
    change(company, ada, "delete")
    assert review(company, project)["seen"] == []
    change(company, project, "delete")


def test_members_log_in_are_reviewed_and_leave(company: Pipeline) -> None:
    live_and_leave(company)
    assert not [each for each in company.catalog.parent.glob("directory/*/*") if each.is_file()]


def test_a_group_that_the_project_lacks_is_refused_before_anything_is_made(
    company: Pipeline,
) -> None:
    project, _ = started(company)
    assert company.emulator is not None
    bob = str(company.emulator.create_link(project, "member", name="bob")["id"])
    refused = press(company, bob, "create", person="bob@example.com", groups=["admins"])
    assert refused.reason == "PARAMETER_INVALID"
    assert "The project has only the groups shop-operators, shop-readers." in refused.stderr
    assert review(company, project)["seen"] == ADA


@pytest.mark.slow
def test_what_was_changed_by_hand_is_reviewed_and_refused_by_the_proof(company: Pipeline) -> None:
    project, ada = started(company)
    folder = company.catalog.parent / "directory/groups"
    (folder / "shop-operators.json").write_text('{"grants": ["administer", "read", "write"]}')
    found = review(company, project)
    assert found["by_hand"] == [
        "shop-operators grants administer, read, write, was made with deploy, read, write"
    ]
    script = company.catalog / "scripts/log_in.py"
    script.write_text(script.read_text().replace("SECONDS = 30", "SECONDS = 0"))
    failed = press(company, ada, "update")
    assert failed.code == 15
    assert "shop-ada: deploy is missing; administer should not be" in failed.stderr


def test_on_aws_offers_the_same() -> None:
    here, aws = (
        yaml.safe_load((EXAMPLE / name).read_text())
        for name in ("purveyor.yaml", "on-aws/purveyor.yaml")
    )
    assert here["services"] == aws["services"]


def admit(moto: MotoServer) -> dict[str, str]:
    """Make a pipeline's user and the account's role, then let moto ask for every permission."""
    iam = boto3.client(
        "iam",
        endpoint_url=moto.url,
        region_name=REGION,
        aws_access_key_id="TESTER",
        aws_secret_access_key="secret of TESTER",
    )
    everything = json_text.write(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    )
    trust = everything.replace('"Resource":"*"', TRUST)
    iam.create_user(UserName="pipeline")
    iam.put_user_policy(UserName="pipeline", PolicyName="all", PolicyDocument=everything)
    iam.create_role(RoleName="provisioner", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="provisioner", PolicyName="all", PolicyDocument=everything)
    key = iam.create_access_key(UserName="pipeline")["AccessKey"]
    request = urllib.request.Request(  # noqa: S310 - our own server on loopback
        f"{moto.url}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - see above
    return {
        **moto.environment(),
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def edit(company: Pipeline, name: str, pattern: str, new: str) -> None:
    module = company.catalog / f"modules/iam/{name}/main.tf"
    text, count = re.subn(pattern, new, module.read_text())
    assert count == 1
    module.write_text(text)


@pytest.fixture
def on_aws(company: Pipeline, plugin_mirror: Path, tmp_path: Path) -> Iterator[Pipeline]:
    shutil.copytree(company.catalog / "on-aws", company.catalog, dirs_exist_ok=True)
    # moto compares a trust's principal with the caller's own name, and knows no account's.
    edit(company, "project", r'{ AWS = ".*:root" }', '{ AWS = "*" }')
    # moto does not know all that the provider then asks for, and the provider asks 25 times.
    edit(company, "member", "force_destroy = true", "force_destroy = false")
    with run_moto(tmp_path) as moto:
        moto.make_bucket("acme-tfstate")
        reach = {**admit(moto), "PURVEYOR_PLUGIN_MIRROR": str(plugin_mirror)}
        yield Pipeline(company.catalog, {**company.environment, **reach}, company.emulator)


@pytest.mark.aws_provider
@pytest.mark.long
@pytest.mark.timeout(400)
def test_members_log_in_to_aws_which_asks_for_every_permission(on_aws: Pipeline) -> None:
    live_and_leave(on_aws)
