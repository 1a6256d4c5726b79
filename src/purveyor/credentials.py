"""Credentials for one account, for the length of one action, and none of them for the states."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import aws
from purveyor.aws import Trouble
from purveyor.errors import CredentialsError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mypy_boto3_sts.client import STSClient
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef, AssumeRoleResponseTypeDef

    from purveyor.aws import Refusal
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.step import BackendBlock

STATE_PROFILE = "purveyor-state"
SESSION_SECONDS = 3600

# RoleSessionName in the STS API reference: 2 to 64 of these.
_NOT_FOR_NAMES = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
_NAME_LENGTH = 64
_DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """What a role gives: variables for an engine, and which of their values are secret.

    `expires` is an ISO 8601 time in UTC.
    """

    environment: Mapping[str, str] = dataclasses.field(repr=False)
    secrets: tuple[str, ...] = dataclasses.field(repr=False)
    expires: str


def assume(
    role_arn: str,
    *,
    settings: Settings,
    region: str | None,
    session_name: str,
    external_id: str | None = None,
    session_seconds: int = SESSION_SECONDS,
) -> AccountCredentials:
    """Take on an account's role with the run's own credentials: one request to STS.

    `region` is the account's; None leaves it to the module. `session_name` shows up in the
    account's audit log; what STS does not allow in it is replaced.
    Raise CredentialsError, which says who can mend it.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    session = aws.open_session(settings, region or aws.home_region(settings))
    wanted: AssumeRoleRequestTypeDef = {
        "RoleArn": role_arn,
        "RoleSessionName": name_session(session_name),
        "DurationSeconds": session_seconds,
    }
    if external_id is not None:
        wanted["ExternalId"] = external_id
    try:
        sts: STSClient = session.client(
            "sts", endpoint_url=aws.endpoint("sts", settings), config=aws.patience()
        )
        answer = sts.assume_role(**wanted)
    except (BotoCoreError, ClientError) as error:
        raise _explain(role_arn, session_seconds, aws.judge(error)) from error
    return _read(answer, region)


def name_session(text: str) -> str:
    """Return `purveyor-<text>` as STS allows it; a long text ends in a digest and stays unique."""
    name = f"purveyor-{_NOT_FOR_NAMES.sub('-', text)}"
    if len(name) <= _NAME_LENGTH:
        return name
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: _NAME_LENGTH - _DIGEST_LENGTH - 1]}-{digest}"


def keep_for_state(block: BackendBlock, *, folder: Path, settings: Settings) -> BackendBlock:
    """Let the engine reach the state with the run's own credentials, whatever its environment says.

    The engine's environment will hold an account's role, and that role must not need the state
    bucket. A backend's `profile` beats the environment (measured on both engines), so the run's
    own credentials become a profile in two private files in `folder`, a directory that goes away
    with the run. Roles of a container, an instance or a web identity go on renewing themselves.
    """
    if block.type != "s3":
        return block
    keys = settings.text("AWS_ACCESS_KEY_ID"), settings.text("AWS_SECRET_ACCESS_KEY")
    named = None if all(keys) else _named_profile(settings)
    if named is not None:
        return _with(block, {"profile": named})
    secret = folder / "state-credentials"
    config = folder / "state-config"
    _write(secret, STATE_PROFILE, _static(settings) if all(keys) else {})
    _write(config, f"profile {STATE_PROFILE}", {} if all(keys) else _web_identity(settings))
    return _with(
        block,
        {
            "profile": STATE_PROFILE,
            "shared_credentials_files": [str(secret)],
            "shared_config_files": [str(config)],
        },
    )


def _named_profile(settings: Settings) -> str | None:
    name = settings.text("AWS_PROFILE")
    if name or settings.text("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return name
    profiles = aws.open_session(settings, aws.home_region(settings)).available_profiles
    return "default" if "default" in profiles else None


def _static(settings: Settings) -> dict[str, str | None]:
    return {
        "aws_access_key_id": settings.text("AWS_ACCESS_KEY_ID"),
        "aws_secret_access_key": settings.text("AWS_SECRET_ACCESS_KEY"),
        "aws_session_token": settings.text("AWS_SESSION_TOKEN"),
    }


def _web_identity(settings: Settings) -> dict[str, str | None]:
    token_file = settings.text("AWS_WEB_IDENTITY_TOKEN_FILE")
    if token_file is None:
        # An empty profile makes the SDK ask the container's or the instance's endpoint.
        return {}
    return {
        "role_arn": settings.text("AWS_ROLE_ARN"),
        "web_identity_token_file": token_file,
        "role_session_name": settings.text("AWS_ROLE_SESSION_NAME") or STATE_PROFILE,
    }


def _with(block: BackendBlock, arguments: JsonObject) -> BackendBlock:
    return dataclasses.replace(block, arguments={**block.arguments, **arguments})


def _write(path: Path, section: str, values: Mapping[str, str | None]) -> None:
    lines = [f"[{section}]"]
    for name, value in values.items():
        if value is None:
            continue
        if not value.isprintable():
            raise CredentialsError(
                f"`{name.upper()}` holds a line break or another control character.",
                hint="Set the variable again, without the line break at its end.",
            )
        lines.append(f"{name} = {value}")
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join([*lines, ""]))


def _read(answer: AssumeRoleResponseTypeDef, region: str | None) -> AccountCredentials:
    given = answer["Credentials"]
    expires = given["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")
    return AccountCredentials(
        environment={
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
            "AWS_CREDENTIAL_EXPIRATION": expires,
            **({} if region is None else {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}),
        },
        secrets=(given["SecretAccessKey"], given["SessionToken"]),
        expires=expires,
    )


def _explain(role_arn: str, seconds: int, refusal: Refusal) -> CredentialsError:
    if refusal.trouble is Trouble.DENIED:
        return CredentialsError(
            f"The run may not take on the role {role_arn}.",
            reason=ReasonCode.PERMISSION_DENIED,
            hint="The platform team lets the run's role in through that role's trust policy,"
            " and checks the account's `external_id` in the catalog.",
            details=[refusal.detail],
        )
    if refusal.trouble in aws.CREDENTIALS:
        return aws.refuse_credentials(f"the role {role_arn}", refusal)
    if refusal.trouble is Trouble.UNREACHABLE:
        return CredentialsError(
            f"AWS did not answer when the run wanted to take on the role {role_arn}.",
            reason=ReasonCode.PROVIDER_UNAVAILABLE,
            hint="Check the runner's way to AWS STS, then run the action again.",
            details=[refusal.detail],
        )
    return CredentialsError(
        f"AWS refuses the role {role_arn} for {seconds} seconds.",
        hint="The platform team checks the role's name and its longest session; a role taken on"
        " from another role lasts an hour at most.",
        details=[refusal.detail],
    )
