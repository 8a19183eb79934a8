"""`python -m manage.health.watch`.

Environment: `WATCH_CONFIG` (default /etc/nodeyard/watch.json), `NODEYARD_DIR` (the installation), `WATCH_SECRETS`
(default /run/secrets).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from manage.errors import NodeyardError
from manage.health.drivers import SECRETS, Endpoint
from manage.health.watch import config, server
from manage.health.watch.config import ConfigFile, WatchConfig
from manage.health.watch.loop import Watch
from manage.installation.layout import DEFAULT_DIR, Layout

METRICS = Endpoint("localhost", 9101, "http")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    directory = Path(os.environ.get("NODEYARD_DIR", DEFAULT_DIR))
    path = Path(os.environ.get("WATCH_CONFIG", "/etc/nodeyard/watch.json"))
    secrets = Path(os.environ.get("WATCH_SECRETS", SECRETS))
    try:
        file = ConfigFile(path, directory, secrets)  # before it is read, so that no replacement is missed
        asyncio.run(_serve(config.load(path, directory, secrets), file, Layout(directory)))
    except NodeyardError as error:
        print(f"watch: {error.message} {error.hint}", file=sys.stderr)  # noqa: T201 - the last message before it exits
        return error.exit_code
    return 0


async def _serve(loaded: WatchConfig, file: ConfigFile, layout: Layout) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watch = Watch(loaded, layout, reload=file)
    own = [target.ports for target in loaded.targets if target.driver == "watch"]
    endpoint = own[0].get("metrics", METRICS) if own else METRICS
    async with (
        await server.serve_socket(watch, layout.watch_socket),
        await server.serve_http(watch, endpoint.host, endpoint.port),
    ):
        await watch.run(stop)


if __name__ == "__main__":
    sys.exit(main())
