"""The variables that log in to clouds, and what an engine still sees of them in an account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

AWS_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
)
AWS_CONTAINER = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""Where a container's role is asked for; no key itself."""
_AWS = (
    *(*AWS_KEYS, *AWS_CONTAINER),
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "PURVEYOR_AWS_SESSION",
)
# With these any program of the job gets a token for any cloud that trusts the pipeline.
_CI = (
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_ACCESSTOKEN",
    "SYSTEM_OIDCREQUESTURI",
)
AZURE_KEYS = ("ARM_ACCESS_KEY", "ARM_SAS_TOKEN")
AZURE_PROOFS = (
    *_CI,
    "ARM_CLIENT_SECRET",
    "ARM_CLIENT_SECRET_FILE_PATH",
    "ARM_OIDC_TOKEN",
    "ARM_OIDC_TOKEN_FILE_PATH",
    "ARM_OIDC_REQUEST_URL",
    "ARM_OIDC_REQUEST_TOKEN",
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "ARM_MSI_ENDPOINT",
)
"""Secrets and addresses that only the environment can carry: a block's arguments are written."""
AZURE_NAMES = {
    "client_id": ("ARM_CLIENT_ID", "AZURE_CLIENT_ID"),
    "tenant_id": ("ARM_TENANT_ID", "AZURE_TENANT_ID"),
    "subscription_id": ("ARM_SUBSCRIPTION_ID",),
}
AZURE_SWITCHES = {
    "use_oidc": "ARM_USE_OIDC",
    "use_msi": "ARM_USE_MSI",
    "use_aks_workload_identity": "ARM_USE_AKS_WORKLOAD_IDENTITY",
}
_AZURE = (
    *(*AZURE_KEYS, *AZURE_PROOFS, *AZURE_SWITCHES.values()),
    *(name for names in AZURE_NAMES.values() for name in names),
    "ARM_CLIENT_ID_FILE_PATH",
    "ARM_CLIENT_CERTIFICATE",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_CERTIFICATE_PASSWORD",
    "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
    "ARM_USE_CLI",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
)
GOOGLE_LOGINS = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
)
_GOOGLE = (
    *GOOGLE_LOGINS,
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GCLOUD_KEYFILE_JSON",
    "GOOGLE_BACKEND_CREDENTIALS",
    "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_ENCRYPTION_KEY",
    "GOOGLE_GHA_CREDS_PATH",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
)
LOGINS = frozenset((*_AWS, *_AZURE, *_GOOGLE))
# What any program may need to start, to speak a language and to reach the network.
_NEEDED = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|SSL_CERT_(FILE|DIR)|(HTTPS?|NO|ALL)_PROXY",
    re.IGNORECASE,
)


def narrow(
    environment: Mapping[str, str],
    given: Mapping[str, str],
    *,
    withheld: Collection[str] = (),
    only: Collection[str] | None = None,
) -> dict[str, str]:
    """Return the environment for an engine or a program that works in an account.

    With a login of the account's own, none of the runner's stays, of whichever cloud. `withheld`
    are variables that never pass: they log in to accounts. Where `only` is given, nothing passes
    but these and what every program needs.
    """
    gone = {*withheld, *(LOGINS if LOGINS & set(given) else ())}
    kept = {name: value for name, value in environment.items() if name not in gone}
    if only is not None:
        kept = {n: each for n, each in kept.items() if n in only or _NEEDED.fullmatch(n)}
    return kept | dict(given)
