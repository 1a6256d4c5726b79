"""Commands of who receives notifications without a CI."""
