"""HTTP to the platform: where it is, who we are, and the few calls that Purveyor makes."""

from purveyor.client.calls import PlatformClient, open_client
from purveyor.client.errors import PlatformRefusedError, SetupError
from purveyor.client.login import Credentials, read_address, read_credentials
from purveyor.transport.retry import ONCE, RetryPolicy

__all__ = [
    "ONCE",
    "Credentials",
    "PlatformClient",
    "PlatformRefusedError",
    "RetryPolicy",
    "SetupError",
    "open_client",
    "read_address",
    "read_credentials",
]
