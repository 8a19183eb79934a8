"""Answers of the past: written every ten seconds, read back in steps. TimescaleDB in the stack, SQLite alone."""
