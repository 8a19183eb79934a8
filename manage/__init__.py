"""Nodeyard's management plane: facts in, operations out. `docs/architecture.md` is the map of its rooms."""

__version__ = "0.1.0"
