"""The overview: the state of the whole stack in one sentence, then one row per service."""
