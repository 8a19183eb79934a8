"""schemathesis (PyPI) against the OpenAPI documents of tracker and oracle, each with its node and without it.

It sends requests that the document allows, and requests that it forbids. Goals: no server error (503 is right where the
node is away), and nothing that the document leaves out: no status, no type and no form of a body, no method, no route
that forgets the token.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from nodeclients.address import KaspaAddress, encode

from tests.bench import common
from tests.long import tools
from tests.oracle.bitcoind import Bitcoind
from tests.oracle.generator import Generator
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port
from tests.tracker.cluster import Cluster
from tests.tracker.process import TOKEN, Tracker
from tests.tracker.tinynode import TinyNode

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"),
    *("unsupported_method", "ignored_auth"),
)
SERVER_ERRORS = {"ServerError", "RejectedServerError"}
WAITS = """[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503]
"""
"""schemathesis.toml for a service whose node is away; the document must name each 503."""
ADDRESS = encode(KaspaAddress("kaspasim", 0, bytes(31) + b"\x01"))


class Examined(NamedTuple):
    """A service that runs, with the options of schemathesis that open it."""

    url: str
    document: dict[str, Any]
    config: str
    options: tuple[str, ...] = ()


@contextmanager
def tracker(folder: Path, *, node: bool = True) -> Iterator[Examined]:
    """A tracker that is ready, or that has lost its node."""
    with Cluster() as cluster, TinyNode(free_port()) as kaspad:
        given = {
            "KASPAD_URL": kaspad.url,
            "DATABASE_URL": cluster.url(cluster.new_database()),
            "DATABASE_PASSWORD_FILE": str(cluster.password_file),
        }
        with Tracker(folder, free_port(), given) as running:
            running.wait_ready()
            if not node:
                kaspad.stop()
                running.wait_not_ready("kaspad")
            document = running.get("/openapi.json").body
            # schemathesis cannot guess an address with a right checksum.
            document["components"]["schemas"]["NewAddress"]["properties"]["address"]["example"] = ADDRESS
            for path in document["paths"].values():
                for operation in path.values():
                    for parameter in operation.get("parameters", ()):
                        parameter["example"] = ADDRESS
            yield Examined(running.url, document, "" if node else WAITS, ("-H", f"Authorization: Bearer {TOKEN}"))


@contextmanager
def oracle(folder: Path, *, node: bool = True) -> Iterator[Examined]:
    """An oracle with a price and a history, or one without node and history."""
    with Bitcoind(folder, None) as bitcoind:
        given = environment(bitcoind.running, HISTORY_FILE=str(folder / "history.sqlite"))
        if node:
            Generator(bitcoind).pay(1500)
        else:
            given = {**given, "BITCOIND_RPC_URL": f"http://127.0.0.1:{free_port()}", "HISTORY_FILE": ""}
        with Oracle(folder, free_port(), {name: value for name, value in given.items() if value}) as running:
            if node:
                running.wait_state("ok", "low_confidence", deadline_s=90)
            yield Examined(running.url, running.get("/openapi.json").body, "" if node else WAITS)


SCENES: dict[str, Callable[[Path], Any]] = {
    "tracker": tracker,
    "tracker without its node": lambda folder: tracker(folder, node=False),
    "oracle": oracle,
    "oracle without its node": lambda folder: oracle(folder, node=False),
}


def examine(service: Examined, folder: Path, n: int, seed: int) -> tuple[dict[str, Any], str]:
    """The report of schemathesis after at most `n` requests for each route and phase, and what it printed."""
    report, document = folder / "report.json", folder / "openapi.json"
    document.write_text(json.dumps(service.document), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(service.config, encoding="utf-8")
    argv = [tools.program("schemathesis"), "run", str(document), "--url", service.url, *service.options]
    argv += ["--checks", ",".join(CHECKS), "--max-examples", str(n), "--seed", str(seed), "--continue-on-failure"]
    argv += ["--report", "json", "--report-json-path", str(report), "--no-color", "--warnings", "off"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if not report.exists():
        sys.exit(f"schemathesis ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found, done.stdout


def main() -> int:
    parser = common.options(__doc__ or "", n=100)
    parser.add_argument("--only", choices=SCENES, help="one of the scenes")
    arguments = parser.parse_args()
    figures, details = [], {}
    for name in [arguments.only] if arguments.only else SCENES:
        with tempfile.TemporaryDirectory() as folder, SCENES[name](Path(folder)) as service:
            report, said = examine(service, Path(folder), arguments.n, arguments.seed)
        errors = sum(row["count"] for row in report["failures"] if row["type"] in SERVER_ERRORS) + len(report["errors"])
        left_out = sum(row["count"] for row in report["failures"] if row["type"] not in SERVER_ERRORS)
        figures.append(common.Figure(f"{name}: server errors", errors, 0, "answers"))
        figures.append(common.Figure(f"{name}: answers that the document leaves out", left_out, 0, "answers"))
        tested = report["operations"]["tested"]
        figures.append(common.Figure(f"{name}: routes", tested, report["operations"]["total"], "routes", at_most=False))
        details[f"{name}, requests"] = report["test_cases"]["generated"]
        if report["exit_code"]:
            details[f"{name}, findings"] = said
    return common.report(figures, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
