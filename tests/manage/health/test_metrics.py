"""`/metrics` in the text format that Prometheus reads."""

from __future__ import annotations

import re
from collections.abc import Callable

from manage.health.model import Fact, ServiceStatus, Snapshot
from manage.health.watch import metrics

# Prometheus text format 0.0.4: name, labels with escaped values, a Go float
SAMPLE = re.compile(
    r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="(\\[\\n"]|[^\\"\n])*"(,|(?=\})))*\})? -?\d+(\.\d+)?(e[+-]?\d+)?'
)


def lines(text: str) -> list[str]:
    assert text.endswith("\n")
    return text.splitlines()


def test_every_line_is_valid_and_every_family_is_described_once(
    status: Callable[..., ServiceStatus], snapshot_of: Callable[..., Snapshot], now: float
) -> None:
    facts = (Fact('odd "name"\\', 1.5e-9, now), Fact("ibd", True, now), Fact("version", "2.0.1", now))
    text = metrics.text(snapshot_of(status("kaspad", facts=facts, checks={"rpc": True}), host={"load_1": 0.5}), now + 3)
    families: list[str] = []
    for line in lines(text):
        if line.startswith("# HELP "):
            families.append(line.split()[2])
        elif not line.startswith("# TYPE "):
            assert SAMPLE.fullmatch(line), line
            assert re.split(r"[{ ]", line)[0] == families[-1], "samples stand below their own description"
    assert len(families) == len(set(families))


def test_it_contains_verdict_facts_checks_host_and_age(
    status: Callable[..., ServiceStatus], snapshot_of: Callable[..., Snapshot], now: float
) -> None:
    kaspad = status("kaspad", "down", checks={"rpc": False}, facts=(Fact("peers", 8, now), Fact("ibd", True, now)))
    found = lines(metrics.text(snapshot_of(kaspad, host={"load_1": 0.5}), now + 3))
    assert 'nodeyard_verdict{service="kaspad",verdict="down"} 1.0' in found
    assert 'nodeyard_verdict{service="kaspad",verdict="healthy"} 0.0' in found
    assert 'nodeyard_fact{service="kaspad",fact="peers",unit=""} 8.0' in found
    assert 'nodeyard_fact{service="kaspad",fact="ibd",unit=""} 1.0' in found
    assert 'nodeyard_check{service="kaspad",check="rpc"} 0.0' in found
    assert 'nodeyard_host{fact="load_1"} 0.5' in found
    assert "nodeyard_snapshot_age_seconds 3.0" in found
