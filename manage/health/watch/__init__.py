"""The process that asks every service, judges and keeps history: `python -m manage.health.watch`."""
