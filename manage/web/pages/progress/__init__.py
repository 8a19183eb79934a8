"""The progress and the outcome of a change."""
