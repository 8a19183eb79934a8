"""What the HTTP services share: settings, process, errors, metrics. Imports no other package of this repository."""
