"""The one door to AWS: clients made from settings, and AWS's failures sorted into few kinds."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from purveyor.cloud.errors import Cloud, Failure, credentials_error
from purveyor.dataclass import dataclass
from purveyor.transport.errors import FailureKind
from purveyor.transport.retry import CLOUD

if TYPE_CHECKING:
    from typing import Any

    from botocore.config import Config
    from botocore.exceptions import ClientError
    from botocore.session import Session as CoreSession
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sts.client import STSClient

    from purveyor.settings import Settings

STATE_SESSION = "purveyor-state"
_DETAIL_LENGTH = 400


AWS = Cloud("AWS", "`backend` in the catalog", "OIDC or a role")
# Codes as S3, DynamoDB and STS document them in "Common errors" and "Error responses".
_CODES = {
    FailureKind.EXPIRED: "ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired",
    FailureKind.INVALID: (
        "InvalidAccessKeyId SignatureDoesNotMatch InvalidSignatureException InvalidToken"
        " InvalidClientTokenId UnrecognizedClientException IncompleteSignature AuthFailure"
        " MissingAuthenticationToken InvalidIdentityToken RequestTimeTooSkewed"
    ),
    FailureKind.DENIED: (
        "AccessDenied AccessDeniedException AllAccessDisabled UnauthorizedAccess 403"
    ),
    FailureKind.MISSING: "NoSuchBucket ResourceNotFoundException 404",
    FailureKind.ELSEWHERE: (
        "PermanentRedirect TemporaryRedirect AuthorizationHeaderMalformed 301"
        " IllegalLocationConstraintException"
    ),
    FailureKind.UNREACHABLE: (
        "InternalError InternalServerError ServiceUnavailable SlowDown RequestTimeout 503"
        " ThrottlingException ProvisionedThroughputExceededException"
    ),
}
_BY_CODE = {code: kind for kind, codes in _CODES.items() for code in codes.split()}


@dataclass(frozen=True, slots=True)
class AwsSession:
    """Who asks AWS, and in which region.

    botocore's own session: boto3's would bring resources and transfers that nothing here uses, and
    add 60 ms to every run with states in S3 (measured).
    """

    core: CoreSession
    region: str

    def client(self, service: str, address: str | None, config: Config) -> Any:
        """Return a client for a service; `address` None is AWS's own."""
        return self.core.create_client(
            service, region_name=self.region, endpoint_url=address, config=config
        )


def open_session(settings: Settings, region: str) -> AwsSession:
    """Return a session with the run's own credentials, found in AWS's documented order.

    Keys in the environment win, then the profile; anything else (web identity, container,
    instance) is botocore's to find. Raise CredentialsError for a profile that does not exist.
    """
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session as CoreSession

    key, secret = settings.text("AWS_ACCESS_KEY_ID"), settings.text("AWS_SECRET_ACCESS_KEY")
    if key and secret:
        return with_keys(key, secret, settings.text("AWS_SESSION_TOKEN"), region)
    core = CoreSession(profile=settings.text("AWS_PROFILE"))
    try:
        core.get_scoped_config()
    except BotoCoreError as error:
        failure = classify(error)
        raise credentials_error(AWS, "AWS", failure.kind, failure.detail) from error
    return AwsSession(core, region)


def with_keys(key: str, secret: str, token: str | None, region: str) -> AwsSession:
    session = without_keys(region)
    session.core.set_credentials(key, secret, token)
    return session


def without_keys(region: str) -> AwsSession:
    from botocore.session import Session as CoreSession

    return AwsSession(CoreSession(), region)


def in_role(session: AwsSession, role_arn: str, settings: Settings) -> AwsSession:
    """Return a session in another role, which renews itself for as long as it is used."""
    from botocore import credentials as c

    def open_client(service: str, **keys: Any) -> Any:
        address = endpoint(service, settings)
        region = session.region
        return session.core.create_client(service, region_name=region, endpoint_url=address, **keys)

    source = session.core.get_credentials()
    if source is None:
        raise credentials_error(AWS, f"the role {role_arn}", FailureKind.ABSENT, "none found")
    fetcher = c.AssumeRoleCredentialFetcher(
        open_client, source, role_arn, extra_args={"RoleSessionName": STATE_SESSION}
    )
    provider = c.CredentialProvider()
    renewed = c.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    provider.load = lambda: renewed  # type: ignore[method-assign]
    inside = without_keys(session.region)
    inside.core.register_component("credential_provider", c.CredentialResolver([provider]))
    return inside


class Clients:
    """Clients for one store of states, each made when it is first used.

    `store` is an S3-compatible store's address, None for AWS; `role_arn` the role to use it with.
    """

    def __init__(
        self, settings: Settings, *, region: str, store: str | None, role_arn: str | None
    ) -> None:
        self._settings = settings
        self._region = region
        self._store = store
        self._role_arn = role_arn

    @cached_property
    def s3(self) -> S3Client:
        config = client_config(path_style=self._store is not None)
        client: S3Client = self._session.client("s3", self._address("s3"), config)
        client.meta.events.register("before-call.s3.HeadBucket", _ask_once)
        return client

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        address = self._address("dynamodb")
        client: DynamoDBClient = self._session.client("dynamodb", address, client_config())
        return client

    @cached_property
    def sts(self) -> STSClient:
        """For who we are; AWS's own, whatever the store is."""
        return open_sts(self._session, self._settings)

    @cached_property
    def _session(self) -> AwsSession:
        session = open_session(self._settings, self._region)
        return session if not self._role_arn else in_role(session, self._role_arn, self._settings)

    def _address(self, service: str) -> str | None:
        return self._store or endpoint(service, self._settings)


def open_sts(session: AwsSession, settings: Settings, config: Config | None = None) -> STSClient:
    """Return a client for roles, at the environment's address for them."""
    address = endpoint("sts", settings)
    client: STSClient = session.client("sts", address, config or client_config())
    return client


def is_aws(store: str | None) -> bool:
    """Tell AWS's own address, which None stands for, from that of an S3-compatible store."""
    host = ".amazonaws.com" if store is None else urlsplit(store).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def home_region(settings: Settings) -> str:
    """Return the run's own region; any will do for STS when none is set."""
    return settings.first("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1"


def endpoint(service: str, settings: Settings) -> str | None:
    """Return the address that the environment gives for a service, None for AWS's own."""
    return settings.first(f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")


def client_config(*, path_style: bool = False) -> Config:
    """Return the clouds' retry policy in botocore's words."""
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": int(CLOUD.attempts)},
        connect_timeout=CLOUD.connect,
        read_timeout=CLOUD.read,
        user_agent_extra="purveyor",
        s3={"addressing_style": "path"} if path_style else None,
    )


def failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what botocore raises for a request, and `more`; for a gateway's page, too."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return BotoCoreError, ClientError, ResponseParserError, *more


def classify(error: Exception) -> Failure:
    from botocore import exceptions as b
    from botocore.parsers import ResponseParserError

    if isinstance(error, b.ClientError):
        return Failure(_classify_answer(error), _detail(error))
    absent = (b.NoCredentialsError, b.PartialCredentialsError, b.ProfileNotFound)
    lost = (b.CredentialRetrievalError, b.MetadataRetrievalError, b.TokenRetrievalError)
    expired = (b.UnauthorizedSSOTokenError, b.SSOTokenLoadError, b.LoginError)
    no_aws = (b.HTTPClientError, b.ConnectionError, b.IncompleteReadError, ResponseParserError)
    kinds: list[tuple[tuple[type[Exception], ...], FailureKind]] = [
        (absent, FailureKind.ABSENT),
        (expired, FailureKind.EXPIRED),
        # botocore's own for a login that its source gives although it is over.
        ((RuntimeError,), FailureKind.EXPIRED),
        (lost, FailureKind.INVALID),
        (no_aws, FailureKind.UNREACHABLE),
    ]
    kind = next((found for types, found in kinds if isinstance(error, types)), FailureKind.OTHER)
    return Failure(kind, _detail(error))


def _ask_once(*, params: dict[str, Any], **_: object) -> None:
    """Keep botocore from asking for ever where a bucket is, when its store does not tell.

    It asks by HEAD on the bucket; redirected without a region's name, it would do so again within
    itself until the machine gives in (measured).
    """
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


def _classify_answer(error: ClientError) -> FailureKind:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _BY_CODE.get(code) or _BY_CODE.get(str(status)) or FailureKind.OTHER


def _detail(error: Exception) -> str:
    return " ".join(str(error).split())[:_DETAIL_LENGTH]
