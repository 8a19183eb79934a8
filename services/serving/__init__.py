"""Shared by the HTTP services: settings, process, errors, metrics. Imports no other package of this repository."""
