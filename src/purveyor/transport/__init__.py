"""How requests are made: connections, tries, downloads and limits of time."""
