"""An action that began gets an ending, whatever happened to the run that carried it out."""

from purveyor.finish.ending import Finished, finish
from purveyor.finish.ports import Ports

__all__ = ["Finished", "Ports", "finish"]
