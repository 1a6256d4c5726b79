"""Credentials for one account, for the length of one action, and none of them for the states."""

from purveyor.credentials.account import log_in
from purveyor.credentials.model import LONG_APPLY, AccountCredentials, warn_of_short
from purveyor.credentials.narrowing import LOGINS, narrow
from purveyor.credentials.renewal import LOGIN_FOLDER, Renewal
from purveyor.credentials.state_login import STATE_PROFILE, keep_for_state
from purveyor.credentials.sts import assume, name_session

__all__ = [
    "LOGINS",
    "LOGIN_FOLDER",
    "LONG_APPLY",
    "STATE_PROFILE",
    "AccountCredentials",
    "Renewal",
    "assume",
    "keep_for_state",
    "log_in",
    "name_session",
    "narrow",
    "warn_of_short",
]
