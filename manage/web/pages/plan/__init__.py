"""The plan of a change, and the button that applies it."""
