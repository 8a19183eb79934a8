"""`python -m manage.web`: replaces itself with gunicorn."""

from __future__ import annotations

import os
import sys


def argv() -> list[str]:
    """One worker, because the sources live in its memory; `manage.web.worker` says how it serves."""
    certificate = os.environ.get("NODEYARD_TLS_FILE", "")
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        os.environ.get("LISTEN", "0.0.0.0:8000"),
        "--worker-class",
        "manage.web.worker.DoorWorker",
        "--workers",
        "1",
        # The heartbeat file must be in memory. On a busy disk, gunicorn takes a blocked worker for dead; see its FAQ,
        # "How do I avoid Gunicorn excessively blocking in os.fchmod?". Also, the root file system is read-only.
        "--worker-tmp-dir",
        "/dev/shm",  # noqa: S108  # nosec B108 - a tmpfs of the container alone
        "--no-control-socket",
        "--graceful-timeout",
        "5",
        *(("--certfile", certificate, "--keyfile", certificate) if certificate else ()),
        "--log-level",
        "warning",
        "manage.web.wsgi:application()",
    ]


if __name__ == "__main__":
    os.execv(sys.executable, argv())  # noqa: S606  # nosec B606 - our own interpreter
