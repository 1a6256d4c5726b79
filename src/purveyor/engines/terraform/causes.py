"""Known causes of failures: words of the clouds and of the engines, and what they mean.

Sources: the error code lists of AWS's, Azure's and Google Cloud's APIs, and texts measured with
Terraform 1.11.4 and OpenTofu 1.12.6. The first match wins, so narrow ones stand first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from purveyor.errors import (
    CatalogError,
    CredentialsError,
    EngineError,
    GuardError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause; `{what}` in `message` is replaced by the resource's address."""

    pattern: re.Pattern[str]
    error: type[PurveyorError]
    reason: ReasonCode
    message: str
    hint: str


def _words(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


_STATE = (
    Cause(
        _words(r"Failed to (?:save|persist) state", "Error saving state"),
        RecoveryError,
        ReasonCode.NEEDS_RECOVERY,
        "The state could not be saved after the change.",
        "Ask the platform team to look at the state before the action is started again.",
    ),
    Cause(
        _words("Instance cannot be destroyed", "prevent_destroy set"),
        GuardError,
        ReasonCode.GUARD_DENIED,
        "The module itself forbids to destroy {what}.",
        "Ask the platform team; the module sets prevent_destroy there.",
    ),
    Cause(
        _words(
            "NoSuchBucket",
            "S3 bucket .* does not exist",
            r"Failed to (?:load|get|decode) (?:existing workspaces|state|remote state)",
            "Error (?:loading|inspecting|refreshing) (?:state|states)",
            "state data in S3 does not have the expected content",
        ),
        RecoveryError,
        ReasonCode.STATE_UNREADABLE,
        "The state cannot be read.",
        "Ask the platform team to check the catalog's backend and the state's object.",
    ),
)

_CREDENTIALS = (
    Cause(
        _words(
            "ExpiredToken",
            "token (?:has|is) expired",
            "RequestExpired",
            "credentials have expired",
            "AADSTS700082",
            "AADSTS7000222",
            "invalid_grant",
            "oauth2: token expired",
        ),
        CredentialsError,
        ReasonCode.CREDENTIALS_EXPIRED,
        "The cloud credentials expired before the work was done.",
        "Start the action again; if it runs longer than the credentials last, ask the platform"
        " team for a longer session.",
    ),
    Cause(
        _words(
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
            "AuthFailure",
            "InvalidAccessKeyId",
            "No valid credential sources found",
            "could not find default credentials",
            "unable to build authorizer",
            "AADSTS7000215",
            "AADSTS700016",
            "InvalidAuthenticationToken",
            r"failed to refresh cached credentials",
            r"Error 401\b",
            "StatusCode=401",
            "could not acquire access token",
        ),
        CredentialsError,
        ReasonCode.CREDENTIALS_INVALID,
        "The cloud credentials are missing or are not accepted.",
        "Ask the platform team to check the account's credentials in the CI.",
    ),
    Cause(
        _words(
            "AccessDenied",
            "UnauthorizedOperation",
            "not authorized to perform",
            "AuthorizationFailed",
            "AuthorizationError",
            "LinkedAuthorizationFailed",
            "PERMISSION_DENIED",
            r"Error 403\b",
            "StatusCode=403",
            "StatusCode: 403",
            "does not have .{0,80}access",
            "Required '.*' permission",
        ),
        CredentialsError,
        ReasonCode.PERMISSION_DENIED,
        "The cloud credentials may not do what {what} needs.",
        "Ask the platform team to grant the missing permission; the details name it.",
    ),
)

_CLOUD = (
    Cause(
        _words(
            "LimitExceeded(?!.*Request)",
            "QuotaExceeded",
            r"quota.{0,60}exceed",
            r"exceed.{0,60}quota",
            "ServiceQuotaExceeded",
            "InsufficientInstanceCapacity",
            "InsufficientDBInstanceCapacity",
            "TooManyBuckets",
            "SkuNotAvailable",
            "ZONE_RESOURCE_POOL_EXHAUSTED",
            "maximum number of .{0,60}(?:reached|exceeded)",
            "RESOURCE_EXHAUSTED",
        ),
        EngineError,
        ReasonCode.QUOTA_EXCEEDED,
        "The cloud account has reached a limit at {what}.",
        "Ask the platform team to raise the limit, or remove what is no longer needed.",
    ),
    Cause(
        _words(
            "AlreadyExists",
            "already exists",
            "BucketAlreadyOwnedByYou",
            "EntityAlreadyExists",
            "ResourceInUseException",
            r"already being used",
            "DuplicateRequest",
            "ResourceExistsException",
            r"InvalidGroup\.Duplicate",
            "ConflictException.*exist",
            "already been taken",
            "NameNotAvailable",
            "AlreadyInUse",
        ),
        EngineError,
        ReasonCode.NAME_TAKEN,
        "Something with the name of {what} exists already and does not belong to this state.",
        "Choose another name; if an earlier run was cut off, ask the platform team to import what"
        " it left behind.",
    ),
    Cause(
        _words(
            "Throttl",
            "RequestLimitExceeded",
            "TooManyRequests",
            "Rate exceeded",
            r"Error 429\b",
            "SlowDown",
            "rateLimitExceeded",
            "ServiceUnavailable",
            r"Error 50[0234]\b",
            r"StatusCode[=:] ?50[0234]",
            "InternalServerError",
            "InternalError",
            "backendError",
            "connection refused",
            "connection reset",
            "no such host",
            r"i/o timeout",
            "TLS handshake timeout",
            "context deadline exceeded",
            "timeout while waiting",
            "request send failed",
            "exceeded maximum number of attempts",
            "Failed to (?:query available|resolve) provider packages",
            "Failed to install provider",
            "could not connect to registry",
            "Failed to download module",
        ),
        EngineError,
        ReasonCode.PROVIDER_UNAVAILABLE,
        "A service that {what} needs did not answer properly.",
        "Start the action again in some minutes; if it stays so, check the network of the runner.",
    ),
    Cause(
        _words(
            "DependencyViolation",
            "DeleteConflict",
            "BucketNotEmpty",
            "ResourceInUse",
            "InUseBy",
            "cannot be deleted because",
            "is in use",
            "still in use",
        ),
        EngineError,
        ReasonCode.ENGINE_FAILED,
        "{what} cannot be removed or changed: something else still uses it.",
        "Remove or detach what the details name, and start the action again.",
    ),
)

_MODULE = (
    Cause(
        _words(
            "Inconsistent dependency lock file",
            "Provider dependency changes detected",
            "checksums previously recorded",
            "doesn't match any of the checksums",
            "does not match any of the checksums",
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module's .terraform.lock.hcl does not cover its providers for this platform.",
        "Run `providers lock` in the module for every platform that runs it, and commit the file.",
    ),
    Cause(
        _words("^Saved plan is stale"),
        EngineError,
        ReasonCode.ENGINE_FAILED,
        "The state was changed by others each time a plan was made: the plan is stale.",
        "Start the action again when the other runs have ended.",
    ),
    Cause(
        _words(r"Unsupported (?:Terraform|OpenTofu) Core version"),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module wants another version of the engine.",
        "Set `engine.version` of the catalog's entry to what the module requires.",
    ),
    Cause(
        re.compile(
            r"^(?:Unsupported argument|Unsupported block type|Missing required argument|"
            r"Reference to undeclared|Invalid reference|Unsupported attribute|Duplicate |"
            r"Invalid expression|Argument or block definition required|Invalid block definition|"
            r"Module not installed|Unreadable module directory|Invalid resource type|"
            r"Invalid provider configuration|Unclosed configuration block)"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module's own files are at fault.",
        "Tell the module's authors; the details name the places.",
    ),
)

# Narrow ones first: a lock file's fault names the registry, Google tells of quotas with a 403, and
# a state that cannot be read is mostly a matter of rights.
CAUSES = (*_MODULE, *_STATE[:2], *_CLOUD[:1], *_CREDENTIALS, *_STATE[2:], *_CLOUD[1:])
