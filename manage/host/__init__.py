"""The machine: paths of an installation, its identity, the lock, checks before a change, unit files."""
