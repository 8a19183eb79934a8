"""Every container killed, removed, paused, disconnected and throttled: the right root is named soon, and it heals.

    python -m tests.long.containers [--n 44] [--first 0] [--seed 1] [--only SERVICE|FAULT ...] [--dir DIR] [--json]

A round treats one container. Its verdict is right once the service itself is not healthy, and the root of every service
that is not healthy is this one. The clock starts when it could be known: when the fault is in force; where silence
alone shows it, at the last answer plus the longest permitted silence (`max_silence_s` of a service that is disconnected
or throttled, `max_engine_age_s` of the agent, ten seconds of watch's snapshot). A throttled service that still answers
may stay healthy; then nothing else may be blamed. A watch that is cut from a service's network cannot tell that from
the service's own fault, and blames the service. `manage why --json` and `manage status --json` are asked once the
verdict is right. Then the fault is undone (`manage up`, or unthrottled), and everything must be healthy with nothing
left in the plan.
The order of the rounds depends on the seed alone, so `--first 20 --n 10` runs rounds 20 to 29 of the same campaign.
Runs on a sandbox of its own, or on the installation of `--dir DIR`. Exit 1 unless every verdict is right in 8 s.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manage.errors import NodeyardError
from manage.health import snapshot as snapshots
from manage.health.model import ServiceStatus, Snapshot
from manage.health.root_cause import explain
from manage.installation.layout import Layout
from tests.bench import common
from tests.journeys.installed import Installed, until
from tests.long.sandbox import docker, healthy, left_behind, running

GOAL_S = 8.0
LOOK_S = 30.0
"""How long a round waits for a right verdict."""
CALM_S = 12.0
"""How long a throttled service is looked at that stays healthy."""
HELD_S = 2.0
"""A right verdict must still be right so much later."""
RECOVERY_S = 90
"""watch is late for a minute after it was."""
SILENCE_S = 8.0
"""`max_silence_s` of the shipped services."""
SILENT_AGENT_S = 10.0
"""`max_engine_age_s` of the agent."""
SERVICES = ("agent", "bitcoind", "dashboard", "kaspad", "oracle", "proxy", "timescaledb", "tracker", "watch")
FAULTS = ("killed", "removed", "paused", "disconnected", "throttled")
BEHIND_WATCH = "timescaledb"
"""Whose network watch is cut from."""
SILENT = ("disconnected", "throttled")


def cases(seed: int) -> list[tuple[str, str]]:
    """(service, fault), shuffled. The agent is on no network."""
    found = [(name, fault) for name in SERVICES for fault in FAULTS if (name, fault) != ("agent", "disconnected")]
    random.Random(seed).shuffle(found)
    return found


def begin(installed: Installed, service: str, fault: str) -> Callable[[], object]:
    """Bring the fault about; what undoes it."""
    container = installed.container(service)

    def up() -> None:
        installed.run("up", "--yes")

    match fault:
        case "killed":
            docker("kill", container)
        case "removed":
            docker("rm", "-f", container)
        case "paused":
            docker("pause", container)
        case "disconnected":
            docker("network", "disconnect", _own_network(installed, container, service), container)
        case "throttled":  # a thousandth of a processor; --cpus could not be undone
            docker("update", "--cpu-period", "1000000", "--cpu-quota", "1000", container)
            return lambda: docker("update", "--cpu-quota", "-1", container)
    return up


def _own_network(installed: Installed, container: str, service: str) -> str:
    """The first network on which others reach it; for watch, which nobody connects to, one on which it asks."""
    joined: dict[str, Any] = json.loads(docker("inspect", container))[0]["NetworkSettings"]["Networks"]
    behind = BEHIND_WATCH if service == "watch" else service
    return next(name for name in sorted(joined) if f"_{behind}-" in name and not name.endswith(("-door", "-out")))


def wrong(snapshot: Snapshot) -> dict[str, ServiceStatus]:
    return {one.name: one for one in snapshot.services if one.verdict not in ("healthy", "disabled")}


def blamed(snapshot: Snapshot) -> set[str]:
    """The roots of everything that is not healthy, as `manage why` names them."""
    age = snapshots.age(snapshot, time.time())
    names = wrong(snapshot) if age <= snapshots.STALE_S else [one.name for one in snapshot.services]
    return {root for name in names for root in explain(snapshot, name, age)["roots"]}


def round_of(installed: Installed, service: str, fault: str) -> tuple[list[str], float | None]:
    """What is wrong, and the seconds until the right verdict; None where it was right to see nothing."""
    layout, found = Layout(installed.dir), []
    named = BEHIND_WATCH if (service, fault) == ("watch", "disconnected") else service
    undo, began = begin(installed, service, fault), time.time()
    try:
        late_s, seen = _verdict(layout, named, fault, began)
        if late_s is None and fault != "throttled":
            found.append(f"blamed after {LOOK_S:.0f} s: {', '.join(sorted(seen)) or 'nothing'}")
        if late_s is not None:
            found += _confirmed(installed, named)
            time.sleep(HELD_S)
            still = _blamed(layout)
            found += [f"blamed later: {', '.join(sorted(still)) or 'nothing'}"] if still != {named} else []
        elif seen:
            found.append(f"blamed: {', '.join(sorted(seen))}")
    finally:
        found += _refused(undo)
    try:
        until(lambda: healthy(installed), RECOVERY_S, "everything healthy again")
        until(lambda: not left_behind(installed), 10, "nothing left behind")
    except AssertionError as error:
        return [*found, str(error), *left_behind(installed)], late_s
    plan = installed.json("plan", expect=None)
    return [*found, *(f"the plan still has {step['kind']} {step['service']}" for step in plan["operations"])], late_s


def _refused(undo: Callable[[], object]) -> list[str]:
    """What undoing a fault says if it fails."""
    try:
        undo()
    except AssertionError as error:
        return [str(error)]
    return []


def _blamed(layout: Layout) -> set[str]:
    with contextlib.suppress(NodeyardError):
        return blamed(snapshots.read(layout))
    return set()


def _verdict(layout: Layout, service: str, fault: str, began: float) -> tuple[float | None, set[str]]:
    """Seconds until the verdict is right, and who was blamed last."""
    calm_since, seen = began, set[str]()
    while (now := time.time()) - began < LOOK_S:
        snapshot = snapshots.read(layout)
        seen = blamed(snapshot)
        if seen == {service}:
            return max(0.0, now - _knowable(snapshot, service, fault, began)), seen
        if seen:
            calm_since = now
        if fault == "throttled" and now - calm_since > CALM_S:
            return None, set()
        time.sleep(0.1)
    return None, seen


def _knowable(snapshot: Snapshot, service: str, fault: str, began: float) -> float:
    """The earliest time (unix seconds) at which a right verdict was possible."""
    own = next(one for one in snapshot.services if one.name == service)
    if service == "watch":
        return max(began, snapshot.as_of + snapshots.STALE_S)
    if service == "agent":
        return max(began, next(fact.at for fact in own.facts if fact.name == "engine_read") + SILENT_AGENT_S)
    is_silent = fault in SILENT and "silent" in own.reason
    return max(began, own.answered_at + SILENCE_S) if is_silent else began


def _confirmed(installed: Installed, service: str) -> list[str]:
    """What the commands say otherwise."""
    answer = installed.json("why", service)
    status: dict[str, Any] = installed.json("status")
    found = [] if answer["roots"] == [service] else [f"`manage why` names {answer['roots']}"]
    outdated = time.time() - status["as_of"] > snapshots.STALE_S
    calm = [one["name"] for one in status["services"] if one["name"] == service and one["verdict"] == "healthy"]
    return [*found, *([f"`manage status` calls {service} healthy"] if calm and not outdated else [])]


def run(installed: Installed, arguments: argparse.Namespace) -> int:
    until(lambda: healthy(installed), RECOVERY_S, "healthy before the first round")
    chosen = [case for case in cases(arguments.seed) if not arguments.only or {*case} & {*arguments.only}]
    chosen = chosen[arguments.first : arguments.first + arguments.n]
    late, calm, faults = dict[str, float](), list[str](), dict[str, list[str]]()
    for number, (service, fault) in enumerate(chosen, arguments.first):
        name = f"{service} {fault}"
        found, late_s = round_of(installed, service, fault)
        if late_s is not None:
            late[name] = round(late_s, 1)
        elif not found:
            calm.append(name)
        if found:
            faults[name] = found
        mark = "; ".join([*found, "healthy throughout" if late_s is None else f"right after {late_s:.1f} s"])
        print(f"{number:3} {name}: {mark}", flush=True, file=sys.stderr if arguments.json else None)
    figures = [
        common.Figure("rounds that ended right", len(chosen) - len(faults), len(chosen), "rounds", at_most=False),
        common.Figure("right verdict, worst", max(late.values(), default=0.0), GOAL_S, "s"),
    ]
    details = {
        "right verdict, median s": common.median(list(late.values())) if late else None,
        "by round, s": late,
        "healthy throughout": calm,
        "faults": faults,
    }
    return common.report(figures, details, as_json=arguments.json)


def main() -> int:
    parser = common.options(__doc__ or "", n=44, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="number of the first round [0]")
    parser.add_argument(
        "--only", nargs="*", default=(), choices=(*SERVICES, *FAULTS), help="rounds of these services or faults alone"
    )
    parser.add_argument("--dir", type=Path, help="a running installation [a sandbox of its own]")
    arguments = parser.parse_args()
    with running(arguments.dir, "containers") as installed:
        return run(installed, arguments)


if __name__ == "__main__":
    sys.exit(main())
