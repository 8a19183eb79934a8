"""One service: its state, the evidence for it, and its dependencies."""
