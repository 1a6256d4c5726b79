"""What people do with states: list, look, bring back, free, move."""
