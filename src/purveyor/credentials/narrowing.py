"""What an engine still sees of the runner's own logins once an account has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_AWS = frozenset(
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "PURVEYOR_AWS_SESSION",
    ]
)
_AZURE = frozenset(
    [
        "ARM_ACCESS_KEY",
        "ARM_SAS_TOKEN",
        "ARM_CLIENT_ID",
        "ARM_CLIENT_ID_FILE_PATH",
        "ARM_CLIENT_SECRET",
        "ARM_CLIENT_SECRET_FILE_PATH",
        "ARM_CLIENT_CERTIFICATE",
        "ARM_CLIENT_CERTIFICATE_PATH",
        "ARM_CLIENT_CERTIFICATE_PASSWORD",
        "ARM_TENANT_ID",
        "ARM_SUBSCRIPTION_ID",
        "ARM_USE_OIDC",
        "ARM_OIDC_TOKEN",
        "ARM_OIDC_TOKEN_FILE_PATH",
        "ARM_OIDC_REQUEST_URL",
        "ARM_OIDC_REQUEST_TOKEN",
        "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
        "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
        "ARM_USE_MSI",
        "ARM_MSI_ENDPOINT",
        "ARM_USE_CLI",
        "ARM_USE_AKS_WORKLOAD_IDENTITY",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_TENANT_ID",
        "AZURE_USERNAME",
        "AZURE_PASSWORD",
        "AZURE_FEDERATED_TOKEN_FILE",
    ]
)
_GOOGLE = frozenset(
    [
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "GOOGLE_CREDENTIALS",
        "GOOGLE_CLOUD_KEYFILE_JSON",
        "GCLOUD_KEYFILE_JSON",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
        "GOOGLE_BACKEND_CREDENTIALS",
        "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT",
        "GOOGLE_ENCRYPTION_KEY",
        "GOOGLE_GHA_CREDS_PATH",
        "CLOUDSDK_AUTH_ACCESS_TOKEN",
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    ]
)
# With these any program of the job gets a token for any cloud that trusts the pipeline.
_CI = frozenset(
    [
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        "SYSTEM_OIDCREQUESTURI",
    ]
)
LOGINS = _AWS | _AZURE | _GOOGLE | _CI


def narrow(
    environment: Mapping[str, str], given: Mapping[str, str], *, withheld: Collection[str] = ()
) -> dict[str, str]:
    """Return the environment for an engine or a program that works in an account.

    With a login of the account's own, none of the runner's stays, of whichever cloud. `withheld`
    are variables that never pass: they log in to accounts.
    """
    gone = {*withheld, *(LOGINS if LOGINS & set(given) else ())}
    return {name: value for name, value in environment.items() if name not in gone} | dict(given)
