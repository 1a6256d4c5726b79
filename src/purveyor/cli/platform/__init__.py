"""The commands that ask the platform, or tell it something."""
