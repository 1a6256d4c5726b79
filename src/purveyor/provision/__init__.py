"""One action, from its context to a reported outcome."""

from purveyor.provision.ports import Ports
from purveyor.provision.sequence import Ending, provision

__all__ = ["Ending", "Ports", "provision"]
