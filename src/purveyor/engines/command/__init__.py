"""Runs a program of the platform team as an engine."""
