"""An action that began gets an ending, whatever happened to the run that carried it out."""

from purveyor.finish.ending import Finished, Finisher
from purveyor.finish.waiting import Processes

__all__ = ["Finished", "Finisher", "Processes"]
