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
    ParameterError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause.

    In `message`, `{what}` stands for the resource's address, `{place}` for file and line, and a
    name of one of the pattern's groups for what it matched.
    """

    pattern: re.Pattern[str]
    error: type[PurveyorError]
    reason: ReasonCode
    message: str
    hint: str


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_STATE = (
    Cause(
        _words("^Saved plan is stale"),
        EngineError,
        ReasonCode.ENGINE_FAILED,
        "The state was changed by others each time a plan was made: the plan is stale.",
        "Start the action again when the other runs have ended.",
    ),
    Cause(
        _words("Failed to (?:save|persist) state|Error saving state"),
        RecoveryError,
        ReasonCode.NEEDS_RECOVERY,
        "The state could not be saved after the change.",
        "Ask the platform team to look at the state before the action is started again.",
    ),
    Cause(
        _words("Instance cannot be destroyed|prevent_destroy set"),
        GuardError,
        ReasonCode.GUARD_DENIED,
        "The module itself forbids to destroy {what}.",
        "Ask the platform team; the module sets prevent_destroy there.",
    ),
    Cause(
        _words(
            "NoSuchBucket|S3 bucket .* does not exist"
            "|Failed to (?:load|get|decode) (?:existing workspaces|state|remote state)"
            "|Error (?:loading|inspecting|refreshing) (?:state|states)"
            "|state data in S3 does not have the expected content"
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
        _words(
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
        _words(
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

_CLOUD = (
    Cause(
        _words(
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
        _words(
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
        _words(
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
        _words(
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
_VALUES = (
    Cause(
        re.compile(
            rf'(?:{_BAD_CODE}(?:: |"?,? "?[Mm]essage"?[:=] ?")|googleapi: Error 400: '
            r"(?=Invalid |.*, (?:invalid|badRequest)\w*$)|INVALID_ARGUMENT: )"
            r'(?!.*cannot be assumed)(?P<said>[^"\n]*[^"\n.])',
            re.MULTILINE,
        ),
        ParameterError,
        ReasonCode.PARAMETER_INVALID,
        "The cloud does not accept a value of {what}: {said}.",
        "Correct the parameter that the value comes from; if none does, ask the platform team.",
    ),
)

# No parameter mends what is wrong here.
_MODULE = (
    Cause(
        _words(
            r"locked provider \S+?/(?P<provider>[^/\s]+/[^/\s]+) (?P<version>\S+) does not match"
            r" configured version constraint (?P<wanted>[^;]+);"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module's .terraform.lock.hcl has {provider} {version}, its constraint wants {wanted}.",
        "Ask the platform team to run `init -upgrade` in the module and to commit the file.",
    ),
    Cause(
        _words(
            "(?:does not have a provider named|no available releases match the given constraints)"
            r" (?P<wanted>.+)"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module wants a provider that is not there where providers come from: {wanted}.",
        "Correct the module's `required_providers`, or add the provider to the mirror.",
    ),
    Cause(
        _words("(?:cannot|can't) be determined until apply|known only after apply"),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module decides what to build by values that are known only afterwards ({place}).",
        "Ask the platform team to correct the module; no parameter mends it.",
    ),
    Cause(
        _words(
            "Inconsistent dependency lock file|Provider dependency changes detected"
            "|checksums previously recorded|doesn't match any of the checksums"
            "|does not match any of the checksums"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module's .terraform.lock.hcl does not cover its providers for this platform.",
        "Run `providers lock` in the module for every platform that runs it, and commit the file.",
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
            r"Invalid provider configuration|Unclosed configuration block|Cycle: |"
            r"Invalid for_each argument|Missing (?:name|key|attribute|base provider)|"
            r"Self-referential|Module (?:version requirements|source) have changed)"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module's own files are at fault ({place}).",
        "Ask the platform team to correct the module; no parameter mends it.",
    ),
)

# Narrow ones first: a lock file's fault names the registry, Google tells of quotas with a 403, a
# state that cannot be read is mostly a matter of rights, and a value that another has is taken.
CAUSES = (
    *_MODULE,
    *_STATE[:3],
    *_CLOUD[:1],
    *_CREDENTIALS,
    *_STATE[3:],
    *_CLOUD[1:],
    *_VALUES,
)
