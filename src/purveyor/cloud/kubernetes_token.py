"""Tokens for managed Kubernetes clusters, made from the cloud login that is there."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, assert_never

from purveyor.settings import Settings
from purveyor.transport.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

# The application of AKS in every tenant (Microsoft, "AKS-managed Entra integration").
_AKS = "6dae42f8-4368-4678-94ff-3960e28e3630"
# As aws-iam-authenticator has it: the cluster's name is signed with the request, and a token is
# good for 15 minutes whatever the signature says; this one for the least that STS takes.
_SECONDS = 60
_FILES = {
    "config_file": "AWS_CONFIG_FILE",
    "credentials_file": "AWS_SHARED_CREDENTIALS_FILE",
}


def open_login(
    cloud: Literal["eks", "gke", "aks"], name: str, environment: Mapping[str, str]
) -> Callable[[], str]:
    """Return what gives a token for the cluster of that name; it raises CredentialsError."""
    settings = Settings(environment)
    match cloud:
        case "eks":
            return lambda: _sign_for_eks(name, settings)
        case "gke":
            from purveyor.cloud.google_login import ALL_OF_IT, GoogleLogin

            return GoogleLogin(settings, Connection(), scope=ALL_OF_IT).token
        case "aks":
            from purveyor.cloud.azure_token import open_source

            source = open_source(settings, Connection(), "public", _AKS)
            return source.token
        case _:
            assert_never(cloud)


def _sign_for_eks(name: str, settings: Settings) -> str:
    """Return a signed request for GetCallerIdentity, by which EKS asks STS who we are."""
    from botocore.exceptions import BotoCoreError
    from botocore.model import ServiceId
    from botocore.session import Session
    from botocore.signers import RequestSigner

    from purveyor.cloud import aws
    from purveyor.cloud.errors import credentials_error
    from purveyor.transport.errors import FailureKind

    core, region = Session(profile=settings.text("AWS_PROFILE")), aws.home_region(settings)
    for variable, source in _FILES.items():  # the account's, which are not this process'
        core.set_config_variable(variable, settings.text(source))
    key, secret = settings.text("AWS_ACCESS_KEY_ID"), settings.text("AWS_SECRET_ACCESS_KEY")
    try:
        if key and secret:
            core.set_credentials(key, secret, settings.text("AWS_SESSION_TOKEN"))
        credentials = core.get_credentials()
        if credentials is None:
            raise credentials_error(aws.AWS, "the cluster", FailureKind.ABSENT, "none found")
        server = core.create_client("sts", region_name=region).meta.endpoint_url
        events = core.get_component("event_emitter")
        signer = RequestSigner(ServiceId("sts"), region, "sts", "v4", credentials, events)
        request = {
            "method": "GET",
            "url": f"{server}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": name},
            "context": {},
        }
        url = signer.generate_presigned_url(request, "", expires_in=_SECONDS, region_name=region)
    except (BotoCoreError, RuntimeError) as error:
        failure = aws.classify(error)
        raise credentials_error(aws.AWS, "the cluster", failure.kind, failure.detail) from None
    return f"k8s-aws-v1.{base64.urlsafe_b64encode(url.encode()).decode().rstrip('=')}"
