"""Keeps accepted notifications until each has ended: durably, in order per entity."""
