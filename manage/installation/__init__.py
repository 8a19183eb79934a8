"""An installation: the folder that holds its state, its identity, and the lock that every change takes."""
