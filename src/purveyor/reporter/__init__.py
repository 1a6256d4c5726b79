"""What the platform is asked and told about one action."""

from purveyor.reporter.background import BackgroundReporter
from purveyor.reporter.model import EndReporter, Heard, LinkShown, Pace, Reporter, Standing
from purveyor.reporter.opening import open_reporter, open_survey
from purveyor.reporter.platform_reporter import PlatformReporter
from purveyor.reporter.silent import SilentReporter
from purveyor.reporter.survey import ActionShown, EntityShown, Survey

__all__ = [
    "ActionShown",
    "BackgroundReporter",
    "EndReporter",
    "EntityShown",
    "Heard",
    "LinkShown",
    "Pace",
    "PlatformReporter",
    "Reporter",
    "SilentReporter",
    "Standing",
    "Survey",
    "open_reporter",
    "open_survey",
]
