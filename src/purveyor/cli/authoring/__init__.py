"""The commands of those who write catalogs."""
