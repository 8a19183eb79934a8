"""The process that holds Docker's socket: an allow-list of verbs, sessions, the audit log, and the engine sampler."""
