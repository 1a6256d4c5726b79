"""Notification channels: where the platform sends the actions of a catalog's services."""
