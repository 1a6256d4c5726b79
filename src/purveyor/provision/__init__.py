"""One action, from its context to a reported outcome."""

from purveyor.provision.endings import break_down
from purveyor.provision.ports import Ports
from purveyor.provision.sequence import Ending, provision

__all__ = ["Ending", "Ports", "break_down", "provision"]
