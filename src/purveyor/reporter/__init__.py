"""What the platform is asked and told about one action."""

from purveyor.reporter.background import BackgroundReporter
from purveyor.reporter.model import Heard, LinkShown, Pace, Reporter, Standing
from purveyor.reporter.opening import open_reporter
from purveyor.reporter.platform_reporter import PlatformReporter
from purveyor.reporter.silent import SilentReporter

__all__ = [
    "BackgroundReporter",
    "Heard",
    "LinkShown",
    "Pace",
    "PlatformReporter",
    "Reporter",
    "SilentReporter",
    "Standing",
    "open_reporter",
]
