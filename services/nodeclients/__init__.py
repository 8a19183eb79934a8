"""Clients of the chain nodes: kaspad over wRPC JSON, bitcoind over JSON-RPC and ZMQ; and `links`, how every connection
of ours notices that its other end is gone. Imports no other code of ours.

The clients do not reconnect or retry: the caller must see a lost connection, because only the caller knows what has to
be read again afterwards.
"""
