"""`up`, `down` and `restart`, killed and interrupted at random moments: a plain `up` converges, and no balance is lost.

    python -m tests.long.kills [--n 52] [--first 0] [--seed 1] [--dir DIR] [--json]

A round pays the followed address, changes stack.yml, starts one of the three, and hits `manage`, its terminal, its
docker-compose or the agent with SIGKILL, SIGINT or SIGTERM. Then `manage up --yes` has to converge at once: every
service healthy, nothing left in the plan, receipts whole, nothing orphaned, and the tracker shows the same sompi.
Round K depends on the seed and K alone, so `--first 20 --n 10` runs rounds 20 to 29 of the same campaign.
Runs on a sandbox of its own, or on the installation of `--dir DIR`. Exit 1 unless every round ends whole.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import common
from tests.journeys.installed import MANAGE, Installed, until
from tests.long.sandbox import ADDRESS, KAS, composing, docker, follow, healthy, held, left_behind, running

END_S = 180
"""How long a command that was hit may take to end, and what it left behind."""
RECOVERY_S = 60
SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM}
VICTIMS = ("manage", "manage", "terminal", "compose", "agent")
ENDS = {0, 1, 130}
"""Exit codes of a command that ended by itself; a signal's negative number is the other way."""


@dataclass(frozen=True)
class Blow:
    """What happens in a round."""

    settings: tuple[tuple[str, str], ...]
    verb: tuple[str, ...]
    victim: str
    signal: str
    after_s: float
    """From the start of the command, of its first docker-compose if that is the victim."""

    def __str__(self) -> str:
        return f"{' '.join(self.verb)}, {self.signal} to {self.victim} after {self.after_s:.2f} s"


def settings(number: int) -> dict[str, str]:
    """Settings whose values differ between neighbouring rounds; each recreates another service."""
    level = ("debug", "info")[number % 2]
    return {
        "services.timescaledb.max_connections": str(100 + number),
        "services.bitcoind.zmq_hwm": str(20_000 + number),
        "services.kaspad.outbound_peers": str(1 + number % 64),
        "services.tracker.log_level": level,
        "services.oracle.log_level": level,
        "services.oracle.enabled": ("false", "true")[number % 2],
        "services.proxy.rate_limit": str(50 + number),
        "services.watch.memory": f"{256 + number}m",
        "services.dashboard.memory": f"{256 + number}m",
        "services.agent.memory": f"{384 + number}m",
    }


def drawn(seed: int, number: int) -> Blow:
    """Round `number` of the campaign."""
    dice = random.Random(f"{seed}/{number}")
    possible = settings(number)
    names = dice.sample(sorted(possible), dice.randint(1, 3))
    services = ["timescaledb", "bitcoind", "kaspad", "tracker", "proxy", "watch", "agent"]
    verb = dice.choice([("up", "--yes"), ("up", "--yes"), ("down",), ("restart", *dice.sample(services, 2))])
    victim = dice.choice(VICTIMS if verb[0] == "up" else [name for name in VICTIMS if name != "compose"])
    after_s = dice.uniform(0, 0.6 if victim == "compose" else 7 if verb[0] == "up" else 4)
    return Blow(tuple((name, possible[name]) for name in names), verb, victim, dice.choice(sorted(SIGNALS)), after_s)


def strike(installed: Installed, blow: Blow) -> tuple[int, str, bool]:
    """Start the command and hit it: its exit code, what it printed, and whether it still ran then."""
    argv = [str(MANAGE), *blow.verb, "--dir", str(installed.dir)]
    agent = json.loads(docker("inspect", installed.container("agent")))[0]["State"]["Pid"]
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a terminal's Ctrl-C reaches a whole process group
    ) as process:
        while blow.victim == "compose" and process.poll() is None and not composing(installed):
            time.sleep(0.02)
        deadline = time.monotonic() + blow.after_s
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if landed := process.poll() is None:
            _hit(installed, blow, process.pid, agent)
        try:
            said = process.communicate(timeout=END_S)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{' '.join(blow.verb)} has not ended {END_S} s after {blow}") from None
    return process.returncode, said, landed


def _hit(installed: Installed, blow: Blow, manage: int, agent: int) -> None:
    number = SIGNALS[blow.signal]
    with contextlib.suppress(ProcessLookupError):
        match blow.victim:
            case "terminal":
                os.killpg(manage, number)
            case "compose":
                for pid in composing(installed):
                    os.kill(pid, number)
            case "agent":
                os.kill(agent, number)  # as a crash: `docker kill` would end the container for good
            case _:
                os.kill(manage, number)


def faults_of(installed: Installed, blow: Blow, code: int, said: str) -> list[str]:
    """What is wrong with how the command ended."""
    expected = ENDS | ({-SIGNALS[blow.signal]} if blow.victim in ("manage", "terminal") else set())
    found = [] if code in expected else [f"exit code {code}: {said[-300:]}"]
    if "Traceback" in said or "unexpectedly" in said:
        found.append(f"it crashed: {said[-600:]}")
    with contextlib.suppress(AssertionError):
        until(lambda: not composing(installed), END_S, "the end of docker-compose")
    return found


def receipts(installed: Installed) -> list[str]:
    """What is wrong with the receipts after a whole `up`."""
    numbers = sorted(int(path.stem) for path in (installed.dir / "receipts").glob("*.json"))
    found = [] if numbers == list(range(1, len(numbers) + 1)) else [f"numbers of receipts: {numbers}"]
    for path in sorted((installed.dir / "receipts").glob("*.json")):
        receipt: dict[str, Any] = json.loads(path.read_text())
        if receipt["state"] == "in_progress":
            found.append(f"{path.name} is in progress")
        if receipt["state"] in ("interrupted", "failed") and not receipt["reason"]:
            found.append(f"{path.name} gives no reason")
    return found


def converge(installed: Installed, token: str, expected: int) -> tuple[list[str], float]:
    """A plain `up`: what is wrong after it, and the seconds until everything is healthy."""
    began = time.monotonic()
    done = installed.run("up", "--yes", expect=None)
    if done.returncode:
        return [f"up ended with {done.returncode}: {done.stderr[-600:]}"], 0.0
    found = []
    try:
        until(lambda: healthy(installed), RECOVERY_S, "everything healthy")
        took_s = time.monotonic() - began
        until(lambda: held(installed, token) == expected, RECOVERY_S, f"{expected} sompi")
        until(lambda: not left_behind(installed), 10, "nothing left behind")
    except AssertionError as error:
        return [str(error), f"balance {held(installed, token)}", *left_behind(installed)], 0.0
    plan = installed.json("plan", expect=None)
    found += [f"the plan still has {step['kind']} {step['service']}" for step in plan["operations"]]
    return [*found, *receipts(installed)], took_s


def _holds(installed: Installed, token: str, expected: int) -> bool:
    return held(installed, token) == expected


def run(installed: Installed, arguments: argparse.Namespace) -> int:
    token = installed.token()
    follow(installed, token, "kills")
    until(lambda: healthy(installed), RECOVERY_S, "healthy before the first round")
    expected = until(lambda: held(installed, token) + 1, 20, "a balance") - 1
    recoveries, wrong, kinds, ends, late = [], {}, Counter[str](), Counter[str](), 0
    for number in range(arguments.first, arguments.first + arguments.n):
        blow = drawn(arguments.seed, number)
        installed.run("sandbox", "pay", ADDRESS, "1")
        expected += KAS
        until(partial(_holds, installed, token, expected), 20, f"the payment before round {number}")
        for name, value in blow.settings:
            installed.run("config", "set", name, value)
        code, said, landed = strike(installed, blow)
        found = faults_of(installed, blow, code, said)
        more, took_s = converge(installed, token, expected)
        kinds[f"{blow.signal} to {blow.victim}"] += 1
        ends[f"{blow.verb[0]} ended with {code}"] += 1
        late += not landed
        if found or more:
            wrong[number] = [*found, *more]
        else:
            recoveries.append(took_s)
        mark = "; ".join(wrong.get(number, [f"whole again after {took_s:.1f} s"]))
        print(f"{number:3} {blow}, exit code {code}: {mark}", flush=True, file=sys.stderr if arguments.json else None)
        if more:
            break  # the next round would begin on a broken stack
    details = {
        "rounds": f"{arguments.first} to {arguments.first + arguments.n - 1} of seed {arguments.seed}",
        "median and worst recovery, s": [round(f(recoveries), 1) for f in (common.median, max)] if recoveries else [],
        "balance, sompi": held(installed, token),
        "blows": dict(kinds),
        "blows after the command had ended": late,
        "ends": dict(ends),
        "faults": wrong,
    }
    figure = common.Figure("rounds that ended whole", len(recoveries), arguments.n, "rounds", at_most=False)
    return common.report([figure], details, as_json=arguments.json)


def main() -> int:
    parser = common.options(__doc__ or "", n=52, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="number of the first round [0]")
    parser.add_argument("--dir", type=Path, help="a running installation [a sandbox of its own]")
    arguments = parser.parse_args()
    with running(arguments.dir, "kills") as installed:
        return run(installed, arguments)


if __name__ == "__main__":
    sys.exit(main())
