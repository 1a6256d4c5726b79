"""Roles in AWS, taken on for the length of one action."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from purveyor.cloud import aws
from purveyor.cloud.errors import CREDENTIALS, credentials_error
from purveyor.credentials.model import AccountCredentials
from purveyor.errors import CredentialsError, ReasonCode
from purveyor.transport.errors import FailureKind

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import AssumeRoleRequestTypeDef, CredentialsTypeDef

    from purveyor.cloud.errors import Failure
    from purveyor.settings import Settings

SESSION_SECONDS = 3600

# RoleSessionName in the STS API reference: 2 to 64 of these.
_NOT_FOR_NAMES = re.compile(r"[^A-Za-z0-9_+=,.@-]+")
_NAME_LENGTH = 64
_DIGEST_LENGTH = 8
_TELLING = 16  # characters of a token that nothing else begins with


def assume(
    role_arn: str,
    *,
    settings: Settings,
    region: str | None,
    session_name: str,
    external_id: str | None = None,
    session_seconds: int = SESSION_SECONDS,
    source: aws.AwsSession | None = None,
) -> AccountCredentials:
    """Take on a role with `source`, else with the run's own credentials: one request to STS.

    `region` is the account's; None leaves it to the module. `session_name` shows up in the
    account's audit log; what STS does not allow in it is replaced.
    Raise CredentialsError, which says who can mend it.
    """
    session = source or aws.open_session(settings, region or aws.home_region(settings))
    wanted: AssumeRoleRequestTypeDef = {
        "RoleArn": role_arn,
        "RoleSessionName": name_session(session_name),
        "DurationSeconds": session_seconds,
    }
    if external_id is not None:
        wanted["ExternalId"] = external_id
    try:
        sts = aws.open_sts(session, settings)
        answer = sts.assume_role(**wanted)
    except aws.failures(RuntimeError) as error:
        raise _explain(role_arn, session_seconds, aws.classify(error)) from error
    return _read(answer["Credentials"], region)


def assume_by_token(
    role_arn: str,
    token: str,
    *,
    settings: Settings,
    region: str | None,
    session_name: str,
    session_seconds: int = SESSION_SECONDS,
) -> AccountCredentials:
    """Take on a role with an identity token (AssumeRoleWithWebIdentity): one unsigned request."""
    from botocore import UNSIGNED
    from botocore.config import Config

    config = aws.client_config().merge(Config(signature_version=UNSIGNED))
    session = aws.without_keys(region or aws.home_region(settings))
    try:
        sts = aws.open_sts(session, settings, config)
        answer = sts.assume_role_with_web_identity(
            RoleArn=role_arn,
            RoleSessionName=name_session(session_name),
            WebIdentityToken=token,
            DurationSeconds=session_seconds,
        )
    except aws.failures() as error:
        # Without its cause, and no further than the token, which a refusal may quote.
        failure = aws.classify(error)
        detail = failure.detail.partition(token[:_TELLING])[0]
        raise _explain(role_arn, session_seconds, failure._replace(detail=detail)) from None
    return _read(answer["Credentials"], region)


def session_of(credentials: AccountCredentials, region: str) -> aws.AwsSession:
    """Return a session that signs with credentials which were given."""
    given = credentials.environment
    return aws.with_keys(
        given["AWS_ACCESS_KEY_ID"],
        given["AWS_SECRET_ACCESS_KEY"],
        given.get("AWS_SESSION_TOKEN"),
        region,
    )


def name_session(text: str) -> str:
    """Return `purveyor-<text>` as STS allows it; a long text ends in a digest and stays unique."""
    name = f"purveyor-{_NOT_FOR_NAMES.sub('-', text)}"
    if len(name) <= _NAME_LENGTH:
        return name
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: _NAME_LENGTH - _DIGEST_LENGTH - 1]}-{digest}"


def _read(given: CredentialsTypeDef, region: str | None) -> AccountCredentials:
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


def _explain(role_arn: str, seconds: int, failure: Failure) -> CredentialsError:
    if failure.kind is FailureKind.DENIED:
        return CredentialsError(
            f"The run may not take on the role {role_arn}.",
            reason=ReasonCode.PERMISSION_DENIED,
            hint="The platform team lets the run's role in through that role's trust policy,"
            " and checks the account's `external_id` in the catalog.",
            details=[failure.detail],
        )
    if failure.kind in CREDENTIALS:
        what = f"the role {role_arn}"
        return credentials_error(aws.AWS, what, failure.kind, failure.detail)
    if failure.kind is FailureKind.UNREACHABLE:
        return CredentialsError(
            f"AWS did not answer when the run wanted to take on the role {role_arn}.",
            reason=ReasonCode.PROVIDER_UNAVAILABLE,
            hint="Check the runner's way to AWS STS, then run the action again.",
            details=[failure.detail],
        )
    return CredentialsError(
        f"AWS refuses the role {role_arn} for {seconds} seconds.",
        hint="The platform team checks the role's name and its longest session; a role taken on"
        " from another role lasts an hour at most.",
        details=[failure.detail],
    )
