"""The oracle on a running node: an exact copy of its mempool, the window of payments, an answer at every tick."""
