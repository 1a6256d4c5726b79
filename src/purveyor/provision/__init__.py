"""One action, from its context to a reported outcome."""

from purveyor.provision.sequence import Ending, Provisioner
from purveyor.provision.step_tools import StepTools

__all__ = ["Ending", "Provisioner", "StepTools"]
