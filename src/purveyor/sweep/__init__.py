"""Closing actions whose runner died, and freeing locks whose holder is dead."""
