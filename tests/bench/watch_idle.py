"""What watch costs while nothing happens: processor and memory of the real process over `--n` seconds.

It watches a kaspad, a bitcoind with ZMQ and two HTTP services (tiny servers on loopback), each every two seconds.
Goals: at most 5 % of one processor, at most 90 MB resident.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.bench import common
from tests.manage.watch.process import Watch, service
from tests.manage.watch.servers import Bitcoind, Http, Kaspad


def main() -> int:
    arguments = common.options(__doc__ or "", n=20).parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kaspad, bitcoind = stack.enter_context(Kaspad()), stack.enter_context(Bitcoind())
        proxy, tracker = stack.enter_context(Http()), stack.enter_context(Http({"ready": True, "followed": 3}))
        ports = {
            "rpc": {"host": "127.0.0.1", "port": bitcoind.port, "scheme": "http"},
            "zmq": {"host": "127.0.0.1", "port": bitcoind.zmq_port, "scheme": "tcp"},
        }
        lenient = {"ibd_is_fault": 0.0}
        watch = Watch(
            folder,
            [
                service("kaspad", port_wrpc_json=kaspad.port, scheme="ws"),
                service("bitcoind", ports=ports, thresholds=lenient),
                service("proxy", driver="http", port_http=proxy.port),
                service("tracker", port_http=tracker.port),
            ],
        )
        watch.secret("bitcoind_rpc_watch", bitcoind.PASSWORD)
        stack.enter_context(watch)
        for name in ("kaspad", "bitcoind", "proxy", "tracker"):
            watch.until_verdict(name, "healthy")
        process = psutil.Process(watch.pid)
        before, began = process.cpu_times(), time.monotonic()
        time.sleep(arguments.n)
        after, taken = process.cpu_times(), time.monotonic() - began
        percent = 100 * (after.user + after.system - before.user - before.system) / taken
        figures = [
            common.Figure("processor", percent, 5.0, "%"),
            common.Figure("memory", process.memory_info().rss / 1e6, 90.0, "MB"),
        ]
        return common.report(figures, {"seconds": round(taken, 1)}, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
