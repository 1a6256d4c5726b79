"""HTTP to the platform: where it is, who we are, and the few calls that Purveyor makes."""

from purveyor.client.address import read_address
from purveyor.client.calls import PlatformClient
from purveyor.client.login import Credentials, read_credentials
from purveyor.client.patience import Patience
from purveyor.client.refusal import PlatformRefusedError
from purveyor.client.wire import SetupError

__all__ = [
    "Credentials",
    "Patience",
    "PlatformClient",
    "PlatformRefusedError",
    "SetupError",
    "read_address",
    "read_credentials",
]
