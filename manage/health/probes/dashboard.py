"""dashboard: its health route answers without a login and without asking anyone else."""

from manage.health.probes.http import judge, probe

__all__ = ["judge", "probe"]
