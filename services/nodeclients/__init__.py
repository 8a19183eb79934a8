"""Clients of the chain nodes: kaspad over wRPC JSON, bitcoind over JSON-RPC and ZMQ. Imports nothing else of ours.

None of them reconnects or retries by itself: a lost connection is something the caller must see, because only the
caller knows what has to be read again after it.
"""
