"""What Terraform and OpenTofu say of failures, and what it means; then the clouds' own words.

Texts measured with Terraform 1.11.4 and OpenTofu 1.12.6. The first match wins.
"""

from __future__ import annotations

from purveyor.engines.error_patterns import CLOUD, CREDENTIALS, VALUES, Cause, words
from purveyor.errors import CatalogError, EngineError, GuardError, ReasonCode, RecoveryError

_STATE = (
    Cause(
        words("^Saved plan is stale"),
        EngineError,
        ReasonCode.ENGINE_FAILED,
        "The state was changed by others each time a plan was made: the plan is stale.",
        "Start the action again when the other runs have ended.",
    ),
    Cause(
        words("Failed to (?:save|persist) state|Error saving state"),
        RecoveryError,
        ReasonCode.NEEDS_RECOVERY,
        "The state could not be saved after the change.",
        "Ask the platform team to look at the state before the action is started again.",
    ),
    Cause(
        words("Instance cannot be destroyed|prevent_destroy set"),
        GuardError,
        ReasonCode.GUARD_DENIED,
        "The module itself forbids to destroy {what}.",
        "Ask the platform team; the module sets prevent_destroy there.",
    ),
    Cause(
        words(
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

# No parameter mends what is wrong here.
_MODULE = (
    Cause(
        words(
            r"locked provider \S+?/(?P<provider>[^/\s]+/[^/\s]+) (?P<version>\S+) does not match"
            r" configured version constraint (?P<wanted>[^;]+);"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module's .terraform.lock.hcl has {provider} {version}, its constraint wants {wanted}.",
        "Ask the platform team to run `init -upgrade` in the module and to commit the file.",
    ),
    Cause(
        words(
            "(?:does not have a provider named|no available releases match the given constraints)"
            r" (?P<wanted>.+)"
        ),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module wants a provider that is not there where providers come from: {wanted}.",
        "Correct the module's `required_providers`, or add the provider to the mirror.",
    ),
    Cause(
        words("(?:cannot|can't) be determined until apply|known only after apply"),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module decides what to build by values that are known only afterwards ({place}).",
        "Ask the platform team to correct the module; no parameter mends it.",
    ),
    Cause(
        words(
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
        words(r"Unsupported (?:Terraform|OpenTofu) Core version"),
        CatalogError,
        ReasonCode.MODULE_INVALID,
        "The module wants another version of the engine.",
        "Set `engine.version` of the catalog's entry to what the module requires.",
    ),
    Cause(
        (
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
    *CLOUD[:1],
    *CREDENTIALS,
    *_STATE[3:],
    *CLOUD[1:],
    *VALUES,
)
