"""The clients that set a bucket and a table up, and AWS's refusals on the way."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from purveyor.bootstrap.model import UnknownSettingError
from purveyor.cloud import aws
from purveyor.cloud.errors import CREDENTIALS, credentials_error
from purveyor.errors import CatalogError, PurveyorError, ReasonCode, RecoveryError
from purveyor.transport.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.catalog.backend import S3BackendConfig
    from purveyor.settings import Settings

# Two changes of one bucket at the same moment ("OperationAborted" in S3's list of error codes).
_BUSY = frozenset({"OperationAborted", "ConflictException"})
_TRIES = 12
# What S3-compatible stores answer to settings that they do not have (MinIO: the first two).
_UNKNOWN = frozenset({"NotImplemented", "MalformedXML", "MethodNotAllowed", "501"})


class AwsSetupClient(aws.Clients):
    """Clients for one backend entry."""

    def __init__(self, config: S3BackendConfig, settings: Settings) -> None:
        self.config = config
        self.in_aws = aws.is_aws(config.endpoint)
        super().__init__(
            settings, region=config.region, store=config.endpoint, role_arn=config.role_arn
        )

    @property
    def plain(self) -> bool:
        """True when the catalog reaches the store without TLS."""
        return (self.config.endpoint or "").startswith("http://")

    def account(self) -> str:
        """Ask which account we are: one request; empty for a store that is not AWS."""
        if not self.in_aws:
            return ""
        with self.explained("the account"):
            return self.sts.get_caller_identity()["Account"]

    def patiently(self, what: str, change: Callable[[], object]) -> None:
        """Carry a change out, again while another one of the same thing is on its way."""
        from botocore.exceptions import ClientError

        with self.explained(what):
            for left in reversed(range(_TRIES)):
                try:
                    change()
                except ClientError as error:
                    if not left or code_of(error) not in _BUSY:
                        raise
                    time.sleep(1.0)
                else:
                    return

    @contextlib.contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Turn what AWS refuses about `what` into an error for readers.

        Raise UnknownSettingError where a store that is not AWS lacks a setting.
        """
        try:
            yield
        except aws.failures() as error:
            if not self.in_aws and code_of(error) in _UNKNOWN:
                raise UnknownSettingError from None
            raise _explain(what, error) from error


def code_of(error: Exception) -> str:
    """Return AWS's own code for a refusal, empty for any other error."""
    from botocore.exceptions import ClientError

    return str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else ""


def name_taken(what: str, detail: str) -> CatalogError:
    return CatalogError(
        f"{what} exists and belongs to somebody else, or may not be looked at.",
        reason=ReasonCode.NAME_TAKEN,
        hint="Choose another name in the catalog, or log in to the account that owns it.",
        details=[detail],
    )


def _explain(what: str, error: Exception) -> PurveyorError:
    failure = aws.classify(error)
    if failure.kind in CREDENTIALS:
        return credentials_error(aws.AWS, what, failure.kind, failure.detail)
    elsewhere = failure.kind is FailureKind.ELSEWHERE
    return RecoveryError(
        f"AWS refuses to set {what} up.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint="Check `backend.region` in the catalog: the bucket lies in another one."
        if elsewhere
        else "The details hold AWS's answer; after mending it, run the command again.",
        details=[failure.detail],
    )
