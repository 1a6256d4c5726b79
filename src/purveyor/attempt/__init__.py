"""One attempt at one action: what it leaves in the journal and on its machine."""
