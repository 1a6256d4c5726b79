"""The printed IAM policies are enough, and each of their actions is needed."""

from __future__ import annotations

import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from moto_server import REGION, MotoServer, run_moto
from purveyor import json_text
from purveyor.bootstrap import open_store, set_up
from purveyor.bootstrap.rights import bootstrap_policy, run_policy
from purveyor.catalog.backend import S3BackendConfig
from purveyor.errors import PurveyorError
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# moto 5.2.5 asks for no right to these (measured); AWS does.
UNCHECKED = {
    "s3:GetEncryptionConfiguration",
    "s3:PutEncryptionConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
}


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[MotoServer]:
    """A moto server of its own, whose permissions can be switched on."""
    with run_moto(tmp_path) as server:
        yield server


def enforce(moto: MotoServer, free: float) -> None:
    """Let moto check rights after `free` further requests."""
    request = urllib.request.Request(  # noqa: S310 - our own server on loopback
        f"{moto.url}/moto-api/reset-auth",
        method="POST",
        data=str(free).encode(),
        headers={"Content-Type": "text/plain"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - see above
        pass


def make_user(moto: MotoServer, policy: Any) -> dict[str, str]:
    """Return the variables of a new user who has this policy and no other."""
    iam = boto3.client(
        "iam",
        endpoint_url=moto.url,
        region_name=REGION,
        aws_access_key_id="TESTER",
        aws_secret_access_key="secret of TESTER",
    )
    user = f"u-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    text = json_text.write(policy)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=text)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_ENDPOINT_URL": moto.url,
    }


def for_moto(policy: Any, *, without: str = "") -> Any:
    """Say a policy as moto 5.2.5 reads it, without one action.

    It calls the right to HeadBucket by that name, which is ListBucket in AWS, and knows no
    resources of DynamoDB (measured).
    """
    statements = []
    for each in policy["Statement"]:
        actions = [action for action in each["Action"] if action != without]
        actions += ["s3:HeadBucket"] if "s3:ListBucket" in actions else []
        resource = "*" if actions[0].startswith("dynamodb:") else each["Resource"]
        statements.append({**each, "Action": actions, "Resource": resource})
    return {**policy, "Statement": statements}


def set_up_as(user: dict[str, str], outer: dict[str, str], config: S3BackendConfig) -> None:
    store = open_store(config, root=None, settings=Settings(outer | user))  # type: ignore[arg-type]  # no folder
    set_up(store, dry_run=False)


def config_of(name: str) -> S3BackendConfig:
    return S3BackendConfig(type="s3", bucket=name, region=REGION, lock="both", table=name)


def test_bootstrap_s_policy_is_enough_and_that_of_runs_is_not(
    strict: MotoServer, clean_environment: dict[str, str]
) -> None:
    config = config_of("acme-states")
    enough = make_user(strict, for_moto(bootstrap_policy(config)))
    less = make_user(strict, for_moto(run_policy(config, roles=())))
    enforce(strict, 0)
    with pytest.raises(PurveyorError):
        set_up_as(less, clean_environment, config)
    set_up_as(enough, clean_environment, config)
    set_up_as(enough, clean_environment, config)


@pytest.mark.slow
def test_bootstrap_needs_each_action_of_its_policy(
    strict: MotoServer, clean_environment: dict[str, str]
) -> None:
    whole = bootstrap_policy(config_of("any"))
    statements: Any = whole["Statement"]
    actions = [action for each in statements for action in each["Action"]]
    users = {}
    for number, action in enumerate(actions):
        config = config_of(f"states-{number}")
        policy = for_moto(bootstrap_policy(config), without=action)
        users[action] = (make_user(strict, policy), config)
    enforce(strict, 0)
    idle = []
    for action, (user, config) in users.items():
        try:
            set_up_as(user, clean_environment, config)
            set_up_as(user, clean_environment, config)  # what is there is looked at, too
        except PurveyorError:
            continue
        idle.append(action)
    assert set(idle) == UNCHECKED
