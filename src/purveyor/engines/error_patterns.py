"""Clouds' words for failures, and what they mean; every engine hands them on.

Sources: the error code lists of AWS's, Azure's and Google Cloud's APIs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import (
    CredentialsError,
    EngineError,
    ParameterError,
    PurveyorError,
    ReasonCode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause.

    In `message`, `{what}` stands for the resource's address, `{place}` for file and line, and a
    name of one of the pattern's groups for what it matched.
    """

    pattern: str  # for `re.search`, which compiles it when a failure is looked at
    error: type[PurveyorError]
    reason: ReasonCode
    message: str
    hint: str

    def tell(self, text: str, *, what: str, place: str = "") -> str:
        found = re.search(self.pattern, text)
        words = {**(found.groupdict() if found else {}), "what": what, "place": place}
        return (self.message if place else self.message.replace(" ({place})", "")).format(**words)


def find_cause(text: str, causes: Iterable[Cause]) -> Cause | None:
    return next((cause for cause in causes if re.search(cause.pattern, text)), None)


def words(pattern: str) -> str:
    """Return a pattern that takes no notice of case."""
    return f"(?i){pattern}"


CREDENTIALS = (
    Cause(
        words(
            "ExpiredToken|token (?:has|is) expired|RequestExpired|credentials have expired"
            "|AADSTS700082|AADSTS7000222|invalid_grant|oauth2: token expired"
        ),
        CredentialsError,
        ReasonCode.CREDENTIALS_EXPIRED,
        "The cloud credentials expired before the work was done.",
        "Start the action again; if it runs longer than the credentials last, ask the platform"
        " team for a longer session.",
    ),
    Cause(
        words(
            "InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException"
            "|AuthFailure|InvalidAccessKeyId|No valid credential sources found"
            "|could not find default credentials|unable to build authorizer|AADSTS7000215"
            "|AADSTS700016|InvalidAuthenticationToken|failed to refresh cached credentials"
            r"|Error 401\b|StatusCode=401|could not acquire access token"
        ),
        CredentialsError,
        ReasonCode.CREDENTIALS_INVALID,
        "The cloud credentials are missing or are not accepted.",
        "Ask the platform team to check the account's credentials in the CI.",
    ),
    Cause(
        words(
            "AccessDenied|UnauthorizedOperation|not authorized to perform|AuthorizationFailed"
            r"|AuthorizationError|LinkedAuthorizationFailed|PERMISSION_DENIED|Error 403\b"
            "|StatusCode=403|StatusCode: 403|does not have .{0,80}access"
            "|Required '.*' permission"
        ),
        CredentialsError,
        ReasonCode.PERMISSION_DENIED,
        "The cloud credentials may not do what {what} needs.",
        "Ask the platform team to grant the missing permission; the details name it.",
    ),
)

CLOUD = (
    Cause(
        words(
            "LimitExceeded(?!.*Request)|QuotaExceeded|quota.{0,60}exceed|exceed.{0,60}quota"
            "|ServiceQuotaExceeded|InsufficientInstanceCapacity"
            "|InsufficientDBInstanceCapacity|TooManyBuckets|SkuNotAvailable"
            "|ZONE_RESOURCE_POOL_EXHAUSTED|maximum number of .{0,60}(?:reached|exceeded)"
            "|RESOURCE_EXHAUSTED"
        ),
        EngineError,
        ReasonCode.QUOTA_EXCEEDED,
        "The cloud account has reached a limit at {what}.",
        "Ask the platform team to raise the limit, or remove what is no longer needed.",
    ),
    Cause(
        words(
            "AlreadyExists|already exists|BucketAlreadyOwnedByYou|EntityAlreadyExists"
            "|ResourceInUseException|already being used|DuplicateRequest"
            r"|ResourceExistsException|InvalidGroup\.Duplicate|ConflictException.*exist"
            "|already been taken|NameNotAvailable|AlreadyInUse"
        ),
        EngineError,
        ReasonCode.NAME_TAKEN,
        "Something with the name of {what} exists already and does not belong to this state.",
        "Choose another name; if an earlier run was cut off, ask the platform team to import what"
        " it left behind.",
    ),
    Cause(
        words(
            r"Throttl|RequestLimitExceeded|TooManyRequests|Rate exceeded|Error 429\b|SlowDown"
            r"|rateLimitExceeded|ServiceUnavailable|Error 50[0234]\b|StatusCode[=:] ?50[0234]"
            "|InternalServerError|InternalError|backendError|connection refused"
            "|connection reset|no such host|i/o timeout|TLS handshake timeout"
            "|context deadline exceeded|timeout while waiting|request send failed"
            "|exceeded maximum number of attempts"
            "|Failed to (?:query available|resolve) provider packages"
            "|Failed to install provider|could not connect to registry"
            "|Failed to download module"
        ),
        EngineError,
        ReasonCode.PROVIDER_UNAVAILABLE,
        "A service that {what} needs did not answer properly.",
        "Start the action again in some minutes; if it stays so, check the network of the runner.",
    ),
    Cause(
        words(
            "DependencyViolation|DeleteConflict|BucketNotEmpty|ResourceInUse|InUseBy"
            "|cannot be deleted because|is in use|still in use"
        ),
        EngineError,
        ReasonCode.ENGINE_FAILED,
        "{what} cannot be removed or changed: something else still uses it.",
        "Remove or detach what the details name, and start the action again.",
    ),
)

# The codes are spelt exactly; engines and scripts say "invalid argument: " too.
_BAD_CODE = (
    r"\b(?:MalformedPolicy\w*|Validation(?:Exception|Error)|AccountNameInvalid|ResourceNameInvalid|"
    r"Invalid(?:Parameter|Argument|Input|Attribute|Bucket|Resource|Request(?:Content|Format))\w*|"
    r"Invalid\w+\.(?:Range|Malformed))"
)
VALUES = (
    Cause(
        (
            rf'(?m)(?:{_BAD_CODE}(?:: |"?,? "?[Mm]essage"?[:=] ?")|googleapi: Error 400: '
            r"(?=Invalid |.*, (?:invalid|badRequest)\w*$)|INVALID_ARGUMENT: )"
            r'(?!.*cannot be assumed)(?P<said>[^"\n]*[^"\n.])'
        ),
        ParameterError,
        ReasonCode.PARAMETER_INVALID,
        "The cloud does not accept a value of {what}: {said}.",
        "Correct the parameter that the value comes from; if none does, ask the platform team.",
    ),
)

# Google tells of quotas with a 403, and a value that another has is taken.
CLOUDS = (*CLOUD[:1], *CREDENTIALS, *CLOUD[1:])
