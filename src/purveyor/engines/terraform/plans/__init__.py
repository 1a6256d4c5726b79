"""Plans that the engine shows as JSON, and what of the resources in them matters to a guard."""
