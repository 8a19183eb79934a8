"""The oracle on a running node: its mempool without a loss, the window of payments, an answer at every tick."""
