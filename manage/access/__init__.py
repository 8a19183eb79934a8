"""Users, roles, passwords and sessions: who may do what. The agent enforces it."""
