"""The dashboard: draws pages from snapshots and asks the agent for changes in the user's name."""
