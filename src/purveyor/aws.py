"""The one door to AWS: clients made from settings, and AWS's refusals sorted into few kinds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from purveyor.errors import CredentialsError, ReasonCode

if TYPE_CHECKING:
    from typing import Any, Literal

    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from mypy_boto3_sts.client import STSClient

    from purveyor.settings import Settings

STATE_SESSION = "purveyor-state"
_DETAIL_LENGTH = 400


class Trouble(Enum):
    """What kind of refusal AWS, or the way to it, gave."""

    EXPIRED = "expired"
    INVALID = "invalid"
    ABSENT = "absent"
    DENIED = "denied"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    UNREACHABLE = "unreachable"
    OTHER = "other"


# Codes as S3, DynamoDB and STS document them in "Common errors" and "Error responses".
_CODES = {
    Trouble.EXPIRED: "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired",
    Trouble.INVALID: (
        "InvalidAccessKeyId SignatureDoesNotMatch InvalidSignatureException InvalidToken"
        " InvalidClientTokenId UnrecognizedClientException IncompleteSignature AuthFailure"
        " MissingAuthenticationToken InvalidIdentityToken RequestTimeTooSkewed"
    ),
    Trouble.DENIED: "AccessDenied AccessDeniedException AllAccessDisabled UnauthorizedAccess 403",
    Trouble.MISSING: "NoSuchBucket ResourceNotFoundException 404",
    Trouble.ELSEWHERE: (
        "PermanentRedirect TemporaryRedirect AuthorizationHeaderMalformed 301"
        " IllegalLocationConstraintException"
    ),
    Trouble.UNREACHABLE: (
        "InternalError InternalServerError ServiceUnavailable SlowDown RequestTimeout 503"
        " ThrottlingException ProvisionedThroughputExceededException"
    ),
}
_BY_CODE = {code: trouble for trouble, codes in _CODES.items() for code in codes.split()}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request failed; `detail` is AWS's own line, which names keys and roles, no secrets."""

    trouble: Trouble
    detail: str


def open_session(settings: Settings, region: str) -> boto3.Session:
    """Return a session with the run's own credentials, found in AWS's documented order.

    Keys in the environment win, then the profile; anything else (web identity, container,
    instance) is boto3's to find. Raise CredentialsError for a profile that does not exist.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    key, secret = settings.text("AWS_ACCESS_KEY_ID"), settings.text("AWS_SECRET_ACCESS_KEY")
    try:
        if key and secret:
            return boto3.Session(key, secret, settings.text("AWS_SESSION_TOKEN"), region)
        return boto3.Session(region_name=region, profile_name=settings.text("AWS_PROFILE"))
    except BotoCoreError as error:
        raise refuse_credentials("AWS", judge(error)) from error


def in_role(session: boto3.Session, role_arn: str, settings: Settings) -> boto3.Session:
    """Return a session in another role, which renews itself for as long as it is used."""
    import boto3
    from botocore import credentials as c
    from botocore.session import Session

    def open_sts(service: Literal["sts"], **keys: Any) -> STSClient:
        return session.client(service, endpoint_url=endpoint(service, settings), **keys)

    source = session.get_credentials()
    if source is None:
        raise refuse_credentials(f"the role {role_arn}", Refusal(Trouble.ABSENT, "none found"))
    fetcher = c.AssumeRoleCredentialFetcher(
        open_sts, source, role_arn, extra_args={"RoleSessionName": STATE_SESSION}
    )
    provider = c.CredentialProvider()
    renewed = c.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    provider.load = lambda: renewed  # type: ignore[method-assign]
    core = Session()
    core.register_component("credential_provider", c.CredentialResolver([provider]))
    return boto3.Session(botocore_session=core, region_name=session.region_name)


def home_region(settings: Settings) -> str:
    """Return the run's own region; any will do for STS when none is set."""
    return settings.first("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1"


def endpoint(service: str, settings: Settings) -> str | None:
    """Return the address that the environment gives for a service, None for AWS's own."""
    return settings.first(f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")


def patience(*, path_style: bool = False) -> Config:
    """Return how long and how often we try: three times, five seconds to connect."""
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=5,
        read_timeout=60,
        user_agent_extra="purveyor",
        s3={"addressing_style": "path"} if path_style else None,
    )


def judge(error: Exception) -> Refusal:
    """Sort what boto3 raised."""
    from botocore import exceptions as b

    if isinstance(error, b.ClientError):
        return Refusal(_judge_answer(error), _detail(error))
    absent = (b.NoCredentialsError, b.PartialCredentialsError, b.ProfileNotFound)
    lost = (b.CredentialRetrievalError, b.MetadataRetrievalError, b.TokenRetrievalError)
    expired = (b.UnauthorizedSSOTokenError, b.SSOTokenLoadError, b.LoginError)
    kinds: list[tuple[tuple[type[Exception], ...], Trouble]] = [
        (absent, Trouble.ABSENT),
        (expired, Trouble.EXPIRED),
        # botocore's own for a login that its source gives although it is over.
        ((RuntimeError,), Trouble.EXPIRED),
        (lost, Trouble.INVALID),
        ((b.HTTPClientError, b.ConnectionError, b.IncompleteReadError), Trouble.UNREACHABLE),
    ]
    trouble = next((found for types, found in kinds if isinstance(error, types)), Trouble.OTHER)
    return Refusal(trouble, _detail(error))


def refuse_credentials(what: str, refusal: Refusal) -> CredentialsError:
    """Return the error for credentials that are absent, wrong, expired or not allowed to."""
    sentence, hint, reason = CREDENTIALS[refusal.trouble]
    return CredentialsError(
        sentence.format(what=what), hint=hint, details=[refusal.detail], reason=reason
    )


CREDENTIALS = {
    Trouble.ABSENT: (
        "There are no AWS credentials for {what}.",
        "Let the pipeline log in to AWS (OIDC or a role) before it calls Purveyor.",
        ReasonCode.CREDENTIALS_INVALID,
    ),
    Trouble.INVALID: (
        "AWS does not accept the credentials for {what}.",
        "Check the pipeline's AWS login, and the runner's clock.",
        ReasonCode.CREDENTIALS_INVALID,
    ),
    Trouble.EXPIRED: (
        "The AWS credentials for {what} have expired.",
        "Run the action again; if runs last that long, ask for a longer session at login.",
        ReasonCode.CREDENTIALS_EXPIRED,
    ),
    Trouble.DENIED: (
        "The AWS credentials are not allowed to use {what}.",
        "The platform team grants it to the pipeline's role; the details name what is missing.",
        ReasonCode.PERMISSION_DENIED,
    ),
}


def _judge_answer(error: ClientError) -> Trouble:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _BY_CODE.get(code) or _BY_CODE.get(str(status)) or Trouble.OTHER


def _detail(error: Exception) -> str:
    return " ".join(str(error).split())[:_DETAIL_LENGTH]
