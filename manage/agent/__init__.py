"""The process with Docker's socket: an allow-list of verbs, users and sessions, the audit log, the engine sampler."""
