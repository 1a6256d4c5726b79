"""Where states live, as the catalog says it: one model a backend type.

A further type is one model here and one member of `BackendConfig`.
"""

from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import ConfigDict, Field, model_validator

from purveyor.catalog.state_keys import GitlabNames, HttpNames, Keys
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import (
    Bucket,
    Container,
    Folder,
    GoogleBucket,
    HttpAddress,
    HttpMethod,
    Name,
    Region,
    RoleArn,
    StateAddress,
    StorageAccount,
    Word,
)


class LocalBackendConfig(Strict):
    """States in a folder of this machine; for trying things out, or for a shared disk."""

    # In a file the type tells the backends apart, so that there it is needed.
    model_config = ConfigDict(json_schema_extra={"required": ["type"]})

    type: Literal["local"] = Field(default="local", description="This kind of backend.")
    path: Word = Field(
        default=".purveyor/state",
        description="Folder; a relative one starts at the catalog's folder.",
    )
    keys: Keys = None


class S3BackendConfig(Strict):
    """States in an S3 bucket."""

    type: Literal["s3"] = Field(description="This kind of backend.")
    bucket: Bucket = Field(description="The bucket's name.")
    region: Region = Field(description="The bucket's region.")
    prefix: Folder = Field(
        default="", description="Folder inside the bucket, without slashes at its ends."
    )
    lock: Literal["lockfile", "dynamodb", "both"] = Field(
        default="lockfile",
        description="An object beside the state, a DynamoDB item, or both while moving over.",
    )
    table: Word | None = Field(
        default=None, description="The DynamoDB table; needed for `dynamodb` and `both`."
    )
    kms_key: Word | None = Field(
        default=None, description="ARN or id of the KMS key that encrypts states."
    )
    role_arn: RoleArn | None = Field(
        default=None,
        description="Role to reach the bucket with; without it, the run's own credentials.",
    )
    endpoint: HttpAddress | None = Field(
        default=None, description="Address of an S3-compatible store; without it, AWS."
    )
    keys: Keys = None

    @model_validator(mode="after")
    def _know_the_table(self) -> Self:
        if self.lock != "lockfile" and self.table is None:
            raise ValueError(f"lock `{self.lock}` needs `table`, the DynamoDB table's name")
        if self.lock == "lockfile" and self.table is not None:
            raise ValueError("`table` has no use with lock `lockfile`; did you mean `both`?")
        return self


class PgBackendConfig(Strict):
    """States in a PostgreSQL table, a row each."""

    type: Literal["pg"] = Field(description="This kind of backend.")
    schema_name: Name = Field(
        default="terraform_remote_state", description="The schema that holds the table `states`."
    )
    connection_from: Name = Field(
        default="PG_CONN_STR",
        description="Environment variable that holds the connection string; without a value,"
        " PGHOST and its kin.",
    )
    keys: Keys = None


class HttpBackendConfig(Strict):
    """States on a server that speaks the engines' `http` protocol."""

    type: Literal["http"] = Field(description="This kind of backend.")
    address: StateAddress = Field(
        description="Address of a state; `{name}` in it stands for the state's name."
    )
    lock: bool = Field(default=True, description="Whether the server locks states.")
    lock_address: StateAddress | None = Field(
        default=None, description="Address of a state's lock; without it, the state's own."
    )
    unlock_address: StateAddress | None = Field(
        default=None, description="Address to free a lock at; without it, the lock's."
    )
    update_method: HttpMethod = Field(default="POST", description="Method that saves a state.")
    lock_method: HttpMethod = Field(default="LOCK", description="Method that takes a lock.")
    unlock_method: HttpMethod = Field(default="UNLOCK", description="Method that frees a lock.")
    username_from: Name = Field(
        default="TF_HTTP_USERNAME", description="Environment variable that holds the user's name."
    )
    password_from: Name = Field(
        default="TF_HTTP_PASSWORD", description="Environment variable that holds the password."
    )
    keys: HttpNames = None


class GitlabBackendConfig(Strict):
    """States that GitLab keeps in a project."""

    type: Literal["gitlab"] = Field(description="This kind of backend.")
    project: Word | None = Field(
        default=None, description="The project's id or path; without it, the job's own project."
    )
    address: HttpAddress | None = Field(
        default=None,
        description="Address of GitLab's API, such as https://gitlab.example.com/api/v4; without"
        " it, the job's GitLab or gitlab.com.",
    )
    token_from: Name | None = Field(
        default=None,
        description="Environment variable that holds an access token; without it, the job's own.",
    )
    keys: GitlabNames = None


class ConsulBackendConfig(Strict):
    """States in Consul's key/value store."""

    type: Literal["consul"] = Field(description="This kind of backend.")
    address: HttpAddress = Field(description="Address of a Consul agent or server.")
    prefix: Folder = Field(
        default="purveyor", description="Folder of keys, without slashes at its ends."
    )
    datacenter: Word | None = Field(default=None, description="Without it, the agent's own.")
    gzip: bool = Field(default=False, description="Whether states are stored compressed.")
    token_from: Name = Field(
        default="CONSUL_HTTP_TOKEN", description="Environment variable that holds the token."
    )
    keys: Keys = None


class AzureBackendConfig(Strict):
    """States in a container of Azure Blob Storage."""

    type: Literal["azurerm"] = Field(description="This kind of backend.")
    account: StorageAccount = Field(description="The storage account's name.")
    container: Container = Field(description="The container's name.")
    prefix: Folder = Field(
        default="", description="Folder inside the container, without slashes at its ends."
    )
    environment: Literal["public", "usgovernment", "china"] | None = Field(
        default=None, description="Azure's cloud; without it, ARM_ENVIRONMENT's or the public one."
    )
    keys: Keys = None


class GoogleBackendConfig(Strict):
    """States in a Google Cloud Storage bucket."""

    type: Literal["gcs"] = Field(description="This kind of backend.")
    bucket: GoogleBucket = Field(description="The bucket's name.")
    prefix: Folder = Field(
        default="", description="Folder inside the bucket, without slashes at its ends."
    )
    kms_key: Word | None = Field(
        default=None, description="Resource name of the Cloud KMS key that encrypts states."
    )
    keys: Keys = None


BackendConfig: TypeAlias = Annotated[
    LocalBackendConfig
    | S3BackendConfig
    | PgBackendConfig
    | HttpBackendConfig
    | GitlabBackendConfig
    | ConsulBackendConfig
    | AzureBackendConfig
    | GoogleBackendConfig,
    Field(discriminator="type"),
]

TYPES: tuple[str, ...] = tuple(
    get_args(model.model_fields["type"].annotation)[0]
    for model in get_args(get_args(BackendConfig)[0])
)
"""The values of `type`, in the order of the models above."""
