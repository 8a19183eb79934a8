"""`python -m manage.web`: becomes gunicorn."""

from __future__ import annotations

import os
import sys


def argv() -> list[str]:
    """One worker, because the feeds live in it; threads, because pages wait for files and the agent's socket alone."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        os.environ.get("LISTEN", "0.0.0.0:8000"),
        "--worker-class",
        "gthread",
        "--workers",
        "1",
        "--threads",
        "8",
        # The heartbeat file must lie in memory: on a disk that is busy the arbiter takes a waiting worker for dead
        # (gunicorn's FAQ, "How do I avoid Gunicorn excessively blocking in os.fchmod?"); the root is read-only besides.
        "--worker-tmp-dir",
        "/dev/shm",  # noqa: S108
        "--no-control-socket",
        "--graceful-timeout",
        "5",
        "--keep-alive",
        "15",
        "--log-level",
        "warning",
        "manage.web.wsgi:application()",
    ]


if __name__ == "__main__":
    os.execv(sys.executable, argv())  # noqa: S606 - our own interpreter
