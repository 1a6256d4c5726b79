"""How an account is logged in to, as the catalog says it: never a value, only where one is."""

from typing import Self

from pydantic import Field, model_validator

from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Name, Word


class TokenEntry(Strict):
    """Where the identity token comes from; without `token_from` and `token_file`, from the CI."""

    token_from: Name | None = Field(
        default=None, description="Environment variable that holds the token."
    )
    token_file: Word | None = Field(default=None, description="File that holds the token.")
    audience: Word | None = Field(
        default=None, description="Whom the CI's token is for; without it, the cloud's usual one."
    )

    @model_validator(mode="after")
    def _know_one_source(self) -> Self:
        if self.token_from is not None and self.token_file is not None:
            raise ValueError("`token_from` and `token_file` exclude each other")
        return self


class KeysEntry(Strict):
    """Access keys of an AWS user, by the names of environment variables."""

    access_key_from: Name = Field(description="Environment variable that holds the access key.")
    secret_key_from: Name = Field(description="Environment variable that holds the secret key.")
    session_token_from: Name | None = Field(
        default=None, description="Environment variable that holds the session token, if any."
    )


class AzureEntry(TokenEntry):
    """An identity in Azure: a federated one, or one with a secret."""

    client_id: Word = Field(description="The client (application).")
    tenant_id: Word = Field(description="Its tenant.")
    subscription_id: Word = Field(description="The subscription that is built in.")
    client_secret_from: Name | None = Field(
        default=None,
        description="Environment variable that holds its secret; without it, an identity token.",
    )

    @model_validator(mode="after")
    def _know_one_way(self) -> Self:
        if self.client_secret_from is not None and (self.token_from or self.token_file):
            raise ValueError("`client_secret_from` and an identity token exclude each other")
        return self


class GoogleEntry(TokenEntry):
    """An identity in Google Cloud: a federated one, a service account's, or a key."""

    provider: Word | None = Field(
        default=None,
        description="The identity provider's name: `projects/…/workloadIdentityPools/…/"
        "providers/…`; the identity token is traded there.",
    )
    service_account: Word | None = Field(
        default=None,
        description="Address of the service account to act as; without `provider`, from the"
        " run's own login.",
    )
    credentials_from: Name | None = Field(
        default=None, description="Environment variable that holds a key as JSON."
    )
    project: Word | None = Field(default=None, description="The project that is built in.")

    @model_validator(mode="after")
    def _know_one_way(self) -> Self:
        ways = [self.provider, self.credentials_from, self.service_account]
        if not any(ways):
            raise ValueError("needs `provider`, `service_account` or `credentials_from`")
        if self.credentials_from and (self.provider or self.service_account):
            raise ValueError("`credentials_from` stands alone")
        if (self.token_from or self.token_file) and not self.provider:
            raise ValueError("an identity token needs `provider`")
        return self


def named_variables(*logins: Strict | None) -> frozenset[str]:
    return frozenset(
        str(value)
        for login in logins
        if login is not None
        for name, value in login
        if name.endswith("_from") and value is not None
    )
