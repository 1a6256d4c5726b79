"""What would go wrong with the first real action, found before it: an area a file."""
