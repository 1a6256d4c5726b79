"""The one place that says whether a library is there which only some catalogs need."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from purveyor.errors import CatalogError, ReasonCode


class Extra(NamedTuple):
    """An extra of the package: what it serves, and the module that shows whether it is there."""

    purpose: str
    module: str
    library: str


EXTRAS = {
    "pg": Extra("States in PostgreSQL", "psycopg", "psycopg"),
    "gcs": Extra("Logins to Google Cloud", "google.auth", "google-auth"),
    "github": Extra("Requests to GitHub", "github", "PyGithub"),
    "gitlab": Extra("Requests to GitLab", "gitlab", "python-gitlab"),
    "azure": Extra("Requests to Azure Pipelines", "azure.devops", "azure-devops"),
    "serve": Extra("Receivers", "standardwebhooks", "standardwebhooks"),
    "queue": Extra("Inboxes in PostgreSQL", "procrastinate", "procrastinate"),
    "emulator": Extra("Emulated platforms", "uvicorn", "uvicorn"),
}


def require(extra: str) -> None:
    """Load an extra's library; raise CatalogError LIBRARY_MISSING where it is missing or broken."""
    purpose, module, library = EXTRAS[extra]
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise CatalogError(
            f"{purpose} need the library {library}, which is not installed here.",
            hint=f"Install `purveyor[{extra}]` for the Python that runs Purveyor; the CI templates"
            " bring it: remove the folder of PURVEYOR_CACHE, so that they install anew.",
            details=[f"{type(error).__name__}: {error}"],
            reason=ReasonCode.LIBRARY_MISSING,
        ) from None
