"""Asking the CIs whether a run still lives."""
