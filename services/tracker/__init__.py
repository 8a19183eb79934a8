"""Tracker: balances and portfolios of followed addresses, live from the chain.

One process: an HTTP API (`api`), a follower that keeps a subscription to kaspad open (`follower`, `session`), and a
ledger of unspent outputs in PostgreSQL (`ledger` is the pure part, `store` the SQL).
"""
