"""Purveyor: a platform's service actions become provisioned infrastructure, from the CI at hand."""

__version__ = "0.1.0"
