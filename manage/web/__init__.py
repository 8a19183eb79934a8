"""The dashboard: pages drawn from snapshots; asks the agent in the user's name, holds no socket but the agent's."""
