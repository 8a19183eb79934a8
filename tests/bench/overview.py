"""How long the overview takes at a steady rate: the server as it runs, a signed-in viewer, a snapshot that changes.

Goal: p99 at most 20 ms at 20 requests a second, the median of 5 runs. Half of the requests ask for the whole page, half
for the part that a page polls, at times that do not depend on the answers (a slow one does not slow the next down).
Run: .venv/bin/python -m tests.bench.overview [--n 5] [--rate 20] [--seconds 10] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import queue
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from manage.installation.layout import Layout
from tests.bench import common
from tests.stage import agents, dashboards, scenery
from tests.stage.dashboards import PaperWatch

GOAL_MS = 20.0
PATHS = ("/", "/overview/rows")
CONNECTIONS = 4


def main() -> int:
    parser = common.options(__doc__ or "", n=5, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second [20]")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a run [10]")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nodeyard-bench-") as folder:
        layout = agents.folders(Layout(Path(folder)))
        agents.three_users(layout)
        agent = dashboards.start_agent(layout)
        watch = PaperWatch(layout, scenery.silent_zmq)
        history = scenery.HistorySocket(layout.watch_socket, scenery.day(time.time()))
        try:
            with dashboards.serve(layout) as url:
                cookie = f"nodeyard_session_{url.rpartition(':')[2]}={agent.signed_in('vera')}"
                _run(url, cookie, rate=arguments.rate, seconds=2.0, randomly=random.Random(0))
                randomly = random.Random(arguments.seed)
                runs = [
                    _run(url, cookie, rate=arguments.rate, seconds=arguments.seconds, randomly=randomly)
                    for _ in range(arguments.n)
                ]
        finally:
            history.close()
            watch.stop()
            agent.close()
    p99 = [_quantile(run, 99) for run in runs]
    figures = [
        common.Figure(f"overview p99 at {arguments.rate:g}/s, median of runs", common.median(p99), GOAL_MS, "ms")
    ]
    details = {
        "p99 of each run": ", ".join(f"{value:.1f} ms" for value in p99),
        "median request": f"{common.median([taken for run in runs for taken in run]):.2f} ms",
        "requests a run": len(runs[0]),
    }
    return common.report(figures, details, as_json=arguments.json)


def _run(url: str, cookie: str, *, rate: float, seconds: float, randomly: random.Random) -> list[float]:
    """Milliseconds of every request, each counted from the moment it was due."""
    count = int(rate * seconds)
    begin = time.perf_counter() + 0.05
    due: queue.Queue[tuple[float, str] | None] = queue.Queue()
    for number in range(count):
        due.put((begin + number / rate, randomly.choice(PATHS)))
    taken: list[float] = []

    def ask() -> None:
        name = url.removeprefix("http://")
        connection = http.client.HTTPConnection("127.0.0.1", int(name.rpartition(":")[2]), timeout=10)
        while (turn := due.get()) is not None:
            at, path = turn
            time.sleep(max(0.0, at - time.perf_counter()))
            connection.request("GET", path, headers={"Cookie": cookie, "Host": name})
            answer = connection.getresponse()
            body = answer.read()
            taken.append((time.perf_counter() - at) * 1000)
            if answer.status != 200 or b"ZMQ silent" not in body:
                raise AssertionError(f"{path} answered {answer.status}")
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        due.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    if len(taken) != count:
        sys.exit(f"{count - len(taken)} of {count} requests were not answered as they should be.")
    return taken


def _quantile(values: list[float], per_cent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[per_cent - 1]


if __name__ == "__main__":
    sys.exit(main())
