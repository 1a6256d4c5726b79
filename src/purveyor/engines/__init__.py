"""Ways to carry out a step: one package an engine."""
