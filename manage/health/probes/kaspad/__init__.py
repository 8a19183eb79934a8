"""kaspad: chain facts over wRPC, sync progress from its counts and log lines."""

from manage.health.probes.kaspad.driver import judge, probe

__all__ = ["judge", "probe"]
