"""Simulated chain nodes that speak the real nodes' protocols: `python -m sandbox kaspad ...` and `... bitcoind ...`.

They keep their chains' rules as far as a client can see them, except one: **signatures are not checked**. The chains
move by themselves, are the same for the same seed, and obey the verbs of a control socket (pay, mine, reorg, faults).
"""
