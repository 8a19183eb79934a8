"""proxy: nginx answers its health route by itself, so this tells of nginx alone and of no service behind it."""

from manage.health.probes.http import judge, probe

__all__ = ["judge", "probe"]
