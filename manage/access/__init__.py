"""Users, roles, passwords and sessions. The agent enforces them."""
