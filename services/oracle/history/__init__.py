"""Past answers: written every ten seconds, read in steps. In TimescaleDB, or in SQLite for a standalone oracle."""
