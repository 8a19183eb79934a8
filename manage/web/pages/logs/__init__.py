"""The last log lines of a service."""
