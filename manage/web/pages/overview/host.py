"""The host's disk, memory and processor."""

from __future__ import annotations

from collections.abc import Mapping

from manage import words
from manage.immutable import dataclass


@dataclass(frozen=True)
class HostFact:
    title: str
    value: str
    context: str
    used: float
    """Share from 0.0 to 1.0, for the meter."""


def host_facts(host: Mapping[str, object]) -> tuple[HostFact, ...]:
    """Those that the agent has reported."""
    facts = []
    free, total = _number(host.get("disk_free_bytes")), _number(host.get("disk_total_bytes"))
    if total:
        used_share = (total - free) / total
        context = f"of {words.size(total)}, {100 * used_share:.0f} % used"
        facts.append(HostFact("Disk", f"{words.size(free)} free", context, used_share))
    used, total = _number(host.get("memory_bytes")), _number(host.get("memory_total_bytes"))
    if total:
        facts.append(HostFact("Memory", f"{words.size(used)} used", f"of {words.size(total)}", used / total))
    if "cpu_percent" in host:
        cpu = _number(host["cpu_percent"])
        load = f"load {_number(host['load_1']):.2f}" if "load_1" in host else "of all cores"
        facts.append(HostFact("Processor", f"{cpu:.0f} %", load, min(cpu / 100, 1.0)))
    return tuple(facts)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
