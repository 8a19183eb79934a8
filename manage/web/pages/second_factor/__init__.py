"""Setting up an authenticator app."""
