"""The CI around us: say, annotate, mask, hand on outputs and a summary."""

from purveyor.ci.detection import detect, read_identity
from purveyor.ci.model import CI, Tone
from purveyor.ci.show import Show

__all__ = ["CI", "Show", "Tone", "detect", "read_identity"]
