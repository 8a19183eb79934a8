"""bitcoind: chain facts over RPC, and the proof that ZMQ delivers."""

from manage.health.probes.bitcoind.driver import judge, probe

__all__ = ["judge", "probe"]
