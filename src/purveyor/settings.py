"""The only reader of the environment."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from purveyor.durations import WRITTEN
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Setting(NamedTuple):
    """One environment variable that Purveyor reads; the reference page is made from these.

    A secret is masked wherever text leaves; children get it only when it is `passed_on`.
    """

    name: str
    meaning: str
    default: str = ""
    secret: bool = False
    passed_on: bool = False


_passed_on = partial(Setting, secret=True, passed_on=True)
SETTINGS = (
    Setting("PURVEYOR_CONTEXT", "The CONTEXT, or the path of a file that holds it."),
    Setting("CONTEXT", "The same; read when PURVEYOR_CONTEXT is not set."),
    Setting("PURVEYOR_CATALOG", "Path of the catalog file or of the folder it stands in.", "."),
    Setting("PURVEYOR_CACHE", "Folder for engines and provider plugins.", "~/.cache/purveyor"),
    Setting("PURVEYOR_RUN_URL", "The run's web address, when the CI's own is not the right one."),
    Setting("PURVEYOR_SUMMARY", "File for the run's page: HTML by its name, else Markdown."),
    Setting("PURVEYOR_DOTENV", "File that outputs are added to on GitLab, as NAME=value lines."),
    Setting("PURVEYOR_LOCK_TIMEOUT", "Seconds to wait for a held state lock.", "300"),
    Setting("PURVEYOR_TIMEOUT", "Seconds after which `purveyor run` stops in order.", "no limit"),
    Setting("PURVEYOR_APPROVED", "`true`: as `run --approved`; `false`: as `finish --rejected`."),
    Setting("PURVEYOR_PLATFORM_PATIENCE", "Seconds to go on calling a silent platform.", "60"),
    Setting("PURVEYOR_NRN", "Places whose untaken actions `sweep` ends, with spaces between."),
    Setting("PURVEYOR_UNCLAIMED_AFTER", "How long those may wait for a run: 90min, 1d.", "2h"),
    Setting("PURVEYOR_DEAD_AFTER", "Seconds of silence before a run may be dead.", "300"),
    Setting("PURVEYOR_INBOX", "Inbox of `serve`: a file, or postgresql://….", secret=True),
    Setting("PURVEYOR_SERVE_TOKENS", "Tokens that may send to `serve`.", secret=True),
    Setting("PURVEYOR_SERVE_TOKENS_FILE", "File that holds them, with spaces or lines between."),
    Setting("PURVEYOR_SERVE_SECRETS", "Secrets that sign what `serve` gets.", secret=True),
    Setting("PURVEYOR_SERVE_SECRETS_FILE", "File that holds them, likewise."),
    Setting("PURVEYOR_SERVE_VIEW_TOKENS", "Tokens that may look at `serve`.", secret=True),
    Setting("PURVEYOR_SERVE_VIEW_TOKENS_FILE", "File that holds them, likewise."),
    Setting("PURVEYOR_PLUGIN_MIRROR", "Mirror of provider plugins: a folder, or an https address."),
    Setting("PURVEYOR_ENGINE_INSTALL", "`1` or `true`: install an engine when none fits."),
    Setting("PURVEYOR_ENGINE_RELEASES", "Base address (https) of the engine's release files."),
    Setting("NULLPLATFORM_API_KEY", "API key for the platform.", secret=True),
    Setting("NP_API_KEY", "The same; read when NULLPLATFORM_API_KEY is not set.", secret=True),
    Setting("NP_TOKEN", "Access token; used before any API key.", secret=True),
    Setting("NULLPLATFORM_HOST", "Host or address of the platform.", "api.nullplatform.com"),
    Setting("NP_API_URL", "The same; read when NULLPLATFORM_HOST is not set."),
    Setting("AWS_ACCESS_KEY_ID", "Access key for states and, without a role, for modules."),
    _passed_on("AWS_SECRET_ACCESS_KEY", "Its secret."),
    _passed_on("AWS_SESSION_TOKEN", "Its session, if temporary."),
    Setting("AWS_CREDENTIAL_EXPIRATION", "When that session ends, if known: a run warns of it."),
    Setting("AWS_PROFILE", "Profile in the AWS configuration files, when no access key is set."),
    Setting("AWS_CONFIG_FILE", "The AWS configuration file.", "~/.aws/config"),
    Setting("AWS_SHARED_CREDENTIALS_FILE", "The one with keys.", "~/.aws/credentials"),
    Setting("PURVEYOR_AWS_SESSION", "Set by the CI's step: file with the session it renews."),
    Setting("AWS_ENDPOINT_URL", "Address of an AWS-compatible service, for all of them."),
    Setting("AWS_ENDPOINT_URL_S3", "The same, for S3 alone."),
    Setting("AWS_ENDPOINT_URL_DYNAMODB", "The same, for DynamoDB alone."),
    Setting("AWS_ENDPOINT_URL_STS", "The same, for STS alone."),
    _passed_on("ARM_ACCESS_KEY", "Key of the states' storage account."),
    _passed_on("ARM_SAS_TOKEN", "Shared access signature instead."),
    Setting("ARM_CLIENT_ID", "Client (application) that logs in to Azure for states."),
    Setting("ARM_TENANT_ID", "Its tenant."),
    _passed_on("ARM_CLIENT_SECRET", "Its secret, if any."),
    Setting("ARM_USE_OIDC", "`true`: log in to Azure with the CI's or a cluster's token."),
    _passed_on("ARM_OIDC_TOKEN", "That token."),
    Setting("ARM_OIDC_TOKEN_FILE_PATH", "File that holds it."),
    Setting("ARM_OIDC_REQUEST_URL", "Where it is asked for; GitHub's and Azure's are known."),
    _passed_on("ARM_OIDC_REQUEST_TOKEN", "What to ask with."),
    _passed_on("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GitHub's own."),
    _passed_on("SYSTEM_ACCESSTOKEN", "Azure Pipelines' own."),
    Setting("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "Service connection that OIDC is for."),
    Setting("ARM_USE_AKS_WORKLOAD_IDENTITY", "`true`: read AZURE_FEDERATED_TOKEN_FILE."),
    Setting("ARM_USE_MSI", "`true`: log in to Azure with the machine's managed identity."),
    Setting("ARM_MSI_ENDPOINT", "Where the machine's identity is asked for."),
    Setting("ARM_USE_CLI", "`false`: never log in to Azure through `az`.", "true"),
    Setting("ARM_ENVIRONMENT", "Azure's cloud: public, usgovernment or china.", "public"),
    _passed_on("GOOGLE_OAUTH_ACCESS_TOKEN", "Token for states."),
    _passed_on("GOOGLE_CREDENTIALS", "Credentials or their file."),
    _passed_on("GOOGLE_BACKEND_CREDENTIALS", "The same, first."),
    Setting("GOOGLE_APPLICATION_CREDENTIALS", "File with Google's credentials."),
    Setting("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "Service account to act as for states."),
    Setting("GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "The same, first."),
    _passed_on("GOOGLE_ENCRYPTION_KEY", "Own key for states, base64."),
    Setting("GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "Address of another Google-like store."),
    Setting("GOOGLE_STORAGE_CUSTOM_ENDPOINT", "The same, second."),
    _passed_on("PG_CONN_STR", "Where states in PostgreSQL lie."),
    _passed_on("PGPASSWORD", "Password in PostgreSQL, if apart."),
    Setting("TF_HTTP_USERNAME", "User name for states on an http server."),
    _passed_on("TF_HTTP_PASSWORD", "Password for states on an http server."),
    _passed_on("CONSUL_HTTP_TOKEN", "Token for states in Consul."),
    Setting("GOOGLE_PROJECT", "Project that `state bootstrap` makes a bucket in."),
    Setting("GOOGLE_CLOUD_PROJECT", "The same; read when GOOGLE_PROJECT is not set."),
    Setting("GOOGLE_REGION", "Where that bucket is to lie.", "US"),
    Setting("ACTIONS_ID_TOKEN_REQUEST_URL", "Set by GitHub: where an identity token is asked for."),
    Setting("AWS_WEB_IDENTITY_TOKEN_FILE", "File with an identity token for AWS."),
    Setting("HTTPS_PROXY", "Proxy on the way to the platform; ALL_PROXY is read too."),
    Setting("NO_PROXY", "Hosts that are reached without the proxy."),
    Setting("SSL_CERT_FILE", "File with the certificate authorities to trust."),
    Setting("SSL_CERT_DIR", "Folder with the certificate authorities to trust."),
    Setting("NO_COLOR", "Any value: no colours."),
    Setting("FORCE_COLOR", "Any value: colours also where no terminal is, unless NO_COLOR is set."),
    Setting("CI", "Set by most CIs to `true`: then a run wants an API key and a lasting backend."),
    Setting("GITHUB_ACTIONS", "Set by GitHub: we are in a workflow."),
    Setting("GITHUB_EVENT_PATH", "Set by GitHub: file with the event, read for `inputs.context`."),
    Setting("GITHUB_OUTPUT", "Set by GitHub: file for the step's outputs."),
    Setting("GITHUB_STEP_SUMMARY", "Set by GitHub: file for the summary page."),
    Setting("GITHUB_SERVER_URL", "Set by GitHub: part of the run's address."),
    Setting("GITHUB_REPOSITORY", "Set by GitHub: part of the run's address."),
    Setting("GITHUB_REF", "Set by GitHub: the pull request that is commented on."),
    Setting("CI_MERGE_REQUEST_IID", "Set by GitLab: the merge request that is commented on."),
    Setting("CI_MERGE_REQUEST_PROJECT_ID", "Set by GitLab: the project that it is to go into."),
    Setting("SYSTEM_PULLREQUEST_PULLREQUESTID", "Set by Azure: the pull request, likewise."),
    Setting("BUILD_REPOSITORY_ID", "Set by Azure Pipelines: the pull request's repository."),
    Setting("GITLAB_USER_LOGIN", "Set by GitLab: who started a manual job, and so allowed it."),
    Setting("GITHUB_RUN_ID", "Set by GitHub: part of the run's address."),
    Setting("GITHUB_RUN_ATTEMPT", "Set by GitHub: part of the run's address."),
    Setting("GITHUB_API_URL", "Set by GitHub: its API's address.", "https://api.github.com"),
    _passed_on("GITHUB_TOKEN", "Starts and asks about GitHub runs."),
    Setting("GITLAB_CI", "Set by GitLab: we are in a job."),
    _passed_on("GITLAB_TOKEN", "Starts and asks about GitLab runs."),
    _passed_on("CI_JOB_TOKEN", "Set by GitLab: opens the states that it keeps; hidden everywhere."),
    Setting("CI_API_V4_URL", "Set by GitLab: its API's address."),
    Setting("CI_SERVER_URL", "Set by GitLab: its address; read when CI_API_V4_URL is not set."),
    Setting("CI_PROJECT_ID", "Set by GitLab: the project that keeps states."),
    Setting("CI_JOB_URL", "Set by GitLab: the job's address."),
    Setting("CI_JOB_ID", "Set by GitLab: the job, to tell one run from another."),
    Setting("CI_PROJECT_PATH", "Set by GitLab: the project, likewise."),
    Setting("SYSTEM_JOBATTEMPT", "Set by Azure: which try of the job this is."),
    Setting("TF_BUILD", "Set by Azure Pipelines: we are in a job."),
    Setting("SYSTEM_COLLECTIONURI", "Set by Azure Pipelines: part of the run's address."),
    Setting("SYSTEM_TEAMPROJECT", "Set by Azure Pipelines: part of the run's address."),
    Setting("BUILD_BUILDID", "Set by Azure Pipelines: part of the run's address."),
    Setting("AGENT_TEMPDIRECTORY", "Set by Azure Pipelines: folder for the summary's file."),
    Setting("PURVEYOR_JOB_STATUS", "How the job stands, for `finish`; GitHub's template sets it."),
    Setting("CI_JOB_STATUS", "Set by GitLab for the last part of a job: how it stands."),
    Setting("AGENT_JOBSTATUS", "Set by Azure Pipelines: how the job stands."),
    Setting("TERM", "`dumb`: neither colours nor a line that changes."),
    Setting("PATH", "Where engines and other programs are looked for."),
    Setting("HOME", "Where the cache folder is by default."),
    Setting("TMPDIR", "Folder for what a run needs while it works.", "the system's"),
)


class Shape(NamedTuple):
    """What a variable has to look like; `words` end the sentence `X has to be …`."""

    pattern: str
    words: str


_SECONDS = Shape(r"\d{1,9}(\.\d{1,6})?", "a number of seconds, such as 300")
_TIME_LIMIT = Shape(r"(?!0+(\.0+)?$)\d{1,9}(\.\d{1,6})?", "a number of seconds above 0")
_SPAN = Shape(WRITTEN, "a number and a unit s, min, h or d, such as 90min")
_ADDRESS = Shape(r"https?://[^\s/]+(/\S*)?", "a web address that begins with https:// or http://")
_WISH = Shape("(?i:1|true|yes|0|false|no)", "true or false")
_SWITCH = Shape("1|t|T|true|True|TRUE|0|f|F|false|False|FALSE", "true or false")
_MOMENT = Shape(r"\d{4}-\d\d-\d\dT\d\d:\d\d\S*", "a time such as 2026-11-30T12:00:00Z")
_PLACES = Shape(r"\s*[^\s=]+=\S+(\s+[^\s=]+=\S+)*\s*", "NRNs such as organization=1:account=2")
_KEY = Shape("[A-Za-z0-9+/]{43}=", "32 bytes in base64")
# All others are paths, names and secrets: what they lead to is looked at when they are used.
SHAPES = {
    **dict.fromkeys(
        ("PURVEYOR_LOCK_TIMEOUT", "PURVEYOR_PLATFORM_PATIENCE", "PURVEYOR_DEAD_AFTER"), _SECONDS
    ),
    "PURVEYOR_TIMEOUT": _TIME_LIMIT,
    "PURVEYOR_UNCLAIMED_AFTER": _SPAN,
    "PURVEYOR_NRN": _PLACES,
    **dict.fromkeys(("PURVEYOR_ENGINE_INSTALL", "PURVEYOR_APPROVED"), _WISH),
    **dict.fromkeys(
        ("ARM_USE_OIDC", "ARM_USE_AKS_WORKLOAD_IDENTITY", "ARM_USE_MSI", "ARM_USE_CLI"), _SWITCH
    ),
    "AWS_CREDENTIAL_EXPIRATION": _MOMENT,
    "GOOGLE_ENCRYPTION_KEY": _KEY,
    **dict.fromkeys(
        (
            *("PURVEYOR_RUN_URL", "PURVEYOR_ENGINE_RELEASES", "AWS_ENDPOINT_URL"),
            *(f"AWS_ENDPOINT_URL_{each}" for each in ("S3", "DYNAMODB", "STS")),
            *("ARM_OIDC_REQUEST_URL", "ARM_MSI_ENDPOINT", "ACTIONS_ID_TOKEN_REQUEST_URL"),
            *("GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"),
        ),
        _ADDRESS,
    ),
}
_LONGEST_SHOWN = 30
FOLDERS = {
    "PURVEYOR_PLUGIN_MIRROR": os.R_OK | os.X_OK,
    "SSL_CERT_DIR": os.R_OK | os.X_OK,
    "TMPDIR": os.W_OK | os.X_OK,
}

_CONTEXTS = frozenset({"PURVEYOR_CONTEXT", "CONTEXT"})
_ONLY_FOR_US = re.compile("(PURVEYOR_)?CONTEXT$|PURVEYOR_(SERVE_|INBOX)")
_NEVER_FOR_CHILDREN = frozenset(
    _CONTEXTS | {each.name for each in SETTINGS if each.secret and not each.passed_on}
)
# Variables that name files or folders, to us or to engines, providers and custom actions' programs.
_FILE = re.compile(
    "AWS_(?:CA_BUNDLE|CONFIG_FILE|SHARED_CREDENTIALS_FILE|(?:WEB_IDENTITY|CONTAINER_AUTHORIZATION)"
    "_TOKEN_FILE)|ARM_(?:CLIENT_CERTIFICATE|(?:CLIENT_ID|CLIENT_SECRET|OIDC_TOKEN)_FILE)_PATH"
    "|AZURE_(?:CLIENT_CERTIFICATE_PATH|CONFIG_DIR|FEDERATED_TOKEN_FILE)"
    "|CLOUDSDK_(?:AUTH_CREDENTIAL_FILE_OVERRIDE|CONFIG)|DOCKER_(?:CERT_PATH|CONFIG)"
    "|GOOGLE_(?:APPLICATION_CREDENTIALS|GHA_CREDS_PATH|BACKEND_CREDENTIALS|CREDENTIALS)"
    "|(?:CONSUL|VAULT)_(?:CACERT|CAPATH|CLIENT_CERT|CLIENT_KEY)|CONSUL_HTTP_TOKEN_FILE"
    "|PG(?:PASSFILE|SERVICEFILE|SYSCONFDIR|SSL(?:CERT|CRL|KEY|ROOTCERT))|KUBE_?CONFIG(?:_PATHS?)?"
    "|(?:CURL|REQUESTS)_CA_BUNDLE|GIT_SSL_CAINFO|NODE_EXTRA_CA_CERTS|SOPS_AGE_KEY_FILE"
    "|SSL_CERT_(?:DIR|FILE)|TERRAFORM_CONFIG|TF_CLI_CONFIG_FILE"
)
_LISTS = frozenset({"KUBECONFIG", "KUBE_CONFIG_PATHS", "SSL_CERT_DIR"})
# Google's credentials themselves, PostgreSQL's word for the system's own, and what programs expand.
_AS_IS = ("{", "system", "~")


def _from_here(name: str, value: str) -> str:
    """Make a file's path absolute: programs start in folders of their own."""
    if not _FILE.fullmatch(name):
        return value
    parts = value.split(":") if name in _LISTS else [value]
    return ":".join(
        str(Path.cwd() / each) if each and not each.lstrip().startswith(_AS_IS) else each
        for each in parts
    )


class Settings:
    """A snapshot of the environment. `environ` maps names to values; nothing else is consulted."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        # Azure leaves `$(NAME)` where a step names a variable that is not set.
        self._environ = {
            k: _from_here(k, v) for k, v in environ.items() if v != f"$({k})" or k in _CONTEXTS
        }

    def text(self, name: str) -> str | None:
        """Return a variable's value; None when it is unset or empty."""
        return self._environ.get(name) or None

    def first(self, *names: str) -> str | None:
        return next((value for name in names if (value := self.text(name))), None)

    def seconds(self, name: str) -> float | None:
        """Return a number of seconds; None when it is unset or, as `check` says, no number."""
        text = self.text(name) or ""
        return float(text) if re.fullmatch(SHAPES[name].pattern, text, re.ASCII) else None

    def faults(self) -> Iterator[str]:
        """Say of each variable that is not what it has to be: its name, its value, what it takes.

        A value that is a secret, or long enough to be one, is not shown.
        """
        secrets = self.secrets()
        for name, (pattern, words) in SHAPES.items():
            text = self.text(name)
            if text is not None and not re.fullmatch(pattern, text, re.ASCII):
                shown = len(text) <= _LONGEST_SHOWN and text.isprintable() and text not in secrets
                holds = f"holds {text!r}" if shown else f"holds {len(text)} characters"
                yield f"{name} {holds}, but has to be {words}."
        for name, rights in FOLDERS.items():
            text = self.text(name)
            if text is not None and not (Path(text).is_dir() and os.access(text, rights)):
                use = "written" if rights & os.W_OK else "read"
                yield f"{name} names no folder that is there and can be {use}."

    def check(self) -> None:
        """Raise CatalogError that names every variable that is not what it has to be."""
        if faults := list(self.faults()):
            raise CatalogError(
                f"The run's settings are wrong: {' '.join(faults)}",
                hint="Correct them in the pipeline, or leave them out.",
            )

    def secrets(self) -> tuple[str, ...]:
        return tuple(v for each in SETTINGS if each.secret and (v := self.text(each.name)))

    def for_runs(self) -> dict[str, str]:
        """Return the environment for a `purveyor run` of ours: nothing of what is ours alone."""
        return {k: v for k, v in self._environ.items() if not _ONLY_FOR_US.match(k)}

    def for_children(self) -> dict[str, str]:
        """Return the environment for other programs: no CONTEXT, no platform credentials."""
        return {k: v for k, v in self._environ.items() if k not in _NEVER_FOR_CHILDREN}


def read_settings() -> Settings:
    return Settings(os.environ)  # noqa: TID251 - this file is the reader
