"""Everything that is written to or read from PostgreSQL. `database` holds the connections, the rest is SQL."""
