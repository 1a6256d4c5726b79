"""What the platform is asked and told about one action."""

from purveyor.reporter.background import BackgroundReporter
from purveyor.reporter.model import ActionSnapshot, LinkShown, Reported, Reporter, ReportTimeouts
from purveyor.reporter.opening import SilentReporter, open_pending_actions, open_reporter
from purveyor.reporter.pending_actions import ActionShown, EntityShown, PendingActions
from purveyor.reporter.platform_reporter import PlatformReporter

__all__ = [
    "ActionShown",
    "ActionSnapshot",
    "BackgroundReporter",
    "EntityShown",
    "LinkShown",
    "PendingActions",
    "PlatformReporter",
    "ReportTimeouts",
    "Reported",
    "Reporter",
    "SilentReporter",
    "open_pending_actions",
    "open_reporter",
]
