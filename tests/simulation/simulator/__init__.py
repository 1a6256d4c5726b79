"""Plays the journal against crashes, lost answers and clocks, by seeds: `python -m simulator`."""
