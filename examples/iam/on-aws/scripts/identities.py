"""The identity provider, as the other two programs see it: AWS. Needs boto3.

Groups are read with the account's role, which the environment holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.client import BaseClient


def list_groups(project: dict) -> dict[str, dict]:
    """Return each group with its grants and its users; `project` is the module's outputs."""
    iam = boto3.client("iam")
    found = {}
    for page in iam.get_paginator("list_groups").paginate():
        for name in (each["GroupName"] for each in page["Groups"]):
            if name.startswith(f"{project['project']}-"):
                found[name] = {"grants": _list_grants(iam, name), "users": _list_users(iam, name)}
    return found


def _list_grants(iam: BaseClient, group: str) -> list[str]:
    own = iam.get_paginator("list_group_policies").paginate(GroupName=group)
    attached = iam.get_paginator("list_attached_group_policies").paginate(GroupName=group)
    return sorted(
        [name for page in own for name in page["PolicyNames"]]
        + [each["PolicyName"] for page in attached for each in page["AttachedPolicies"]]
    )


def _list_users(iam: BaseClient, group: str) -> dict[str, str]:
    pages = iam.get_paginator("get_group").paginate(GroupName=group)
    return {
        each["UserName"]: _find_person(iam, each["UserName"])
        for page in pages
        for each in page["Users"]
    }


def _find_person(iam: BaseClient, user: str) -> str:
    """Return whose user it is; nobody's when it was made by hand."""
    tags = iam.list_user_tags(UserName=user)["Tags"]
    return next((each["Value"] for each in tags if each["Key"] == "person"), "")


class Login:
    """What somebody may do who has this key; no key of anybody's is a ValueError."""

    def __init__(self, project: dict, access_key: str, secret_key: str) -> None:
        self._place = project["place"]
        # A session of its own: nothing of the account's role is left in it.
        self._session = boto3.Session(access_key, secret_key, region_name="us-east-1")
        try:
            who = self._session.client("sts").get_caller_identity()
        except ClientError as error:
            raise ValueError(f"cannot log in: {error.response['Error']['Code']}") from error
        self.name = who["Arn"].rpartition("/")[2]

    def can(self, grant: str) -> bool:
        """Try it."""
        try:
            getattr(self, f"_{grant}")()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"AccessDenied", "403"}:
                return False
            raise
        return True

    def _read(self) -> None:
        bucket = self._place["bucket"]
        self._session.client("s3").get_object(Bucket=bucket, Key="welcome.txt")

    def _write(self) -> None:
        s3, key = self._session.client("s3"), f"probes/{self.name}"
        s3.put_object(Bucket=self._place["bucket"], Key=key, Body=b"")
        s3.delete_object(Bucket=self._place["bucket"], Key=key)

    def _deploy(self) -> None:
        sts = self._session.client("sts")
        sts.assume_role(RoleArn=self._place["role"], RoleSessionName="probe")

    def _administer(self) -> None:
        self._session.client("iam").list_users()
