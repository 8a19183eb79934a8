"""The process metrics of getMetrics, from the operating system."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import Any

_STARTED = time.monotonic()


def process_metrics() -> dict[str, Any]:
    """Bytes, average number of cores used since the start, and bytes per second."""
    pages = [int(field) for field in Path("/proc/self/statm").read_text().split()]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    lived_s = max(time.monotonic() - _STARTED, 0.001)
    read, written = usage.ru_inblock * 512, usage.ru_oublock * 512
    return {
        "residentSetSize": pages[1] * resource.getpagesize(),
        "virtualMemorySize": pages[0] * resource.getpagesize(),
        "coreNum": os.cpu_count() or 1,
        "cpuUsage": (usage.ru_utime + usage.ru_stime) / lived_s,
        "fdNum": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "diskIoReadBytes": read,
        "diskIoWriteBytes": written,
        "diskIoReadPerSec": read / lived_s,
        "diskIoWritePerSec": written / lived_s,
    }
