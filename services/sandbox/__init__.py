"""Simulated chain nodes that speak the real nodes' protocols: `python -m sandbox kaspad ...` and `... bitcoind ...`.

They follow every chain rule that a client can observe, except one: **signatures are not checked**. The chains advance
by themselves, start identically for the same seed, and accept the verbs of a control socket (pay, mine, reorg, faults).
"""
