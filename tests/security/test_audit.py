"""An audit that could look at nothing fails; it never passes for want of an answer."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import audit

Answer = Callable[[list[dict[str, Any]]], Any]


@contextlib.contextmanager
def database(answer: Answer) -> Iterator[str]:
    """A vulnerability database on loopback that answers the queries with this."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            body = json.dumps(answer(queries)).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def knows(*names: str) -> Answer:
    bad = {"jinja2 2.4.1", *names}

    def result(query: dict[str, Any]) -> dict[str, Any]:
        known = f"{query['package']['name']} {query['version']}" in bad
        return {"vulns": [{"id": "GHSA-1"}]} if known else {}

    return lambda queries: {"results": [result(query) for query in queries]}


@pytest.mark.promise("The audit of the locked packages fails if it could look at nothing", runs="ci")
@pytest.mark.parametrize(
    "answer",
    [
        lambda queries: {"results": [{} for _ in queries]},
        lambda queries: {"results": [{"vulns": [{"id": "GHSA-1"}]}]},
        lambda queries: {"results": []},
        lambda queries: {},
        lambda queries: [],
        lambda queries: "<html>a company's sign-in page</html>",
    ],
    ids=["knows nothing", "one answer", "no answer", "no results", "a list", "a page"],
)
def test_an_audit_that_saw_nothing_fails(answer: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    with database(answer) as url:
        assert audit.main(["--database", url]) == 1
    assert "The audit failed: the database" in capsys.readouterr().err


def test_a_database_that_cannot_be_reached_fails_the_audit() -> None:
    assert audit.main(["--database", "http://127.0.0.1:1/"]) == 1


def test_an_audit_that_saw_everything_passes_and_one_with_a_finding_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    packages = audit.locked()
    assert {"flask", "fastapi", "pytest"} <= {name for name, _ in packages}
    with database(knows()) as url:
        assert audit.main(["--database", url]) == 0
    name, version = packages[0]
    with database(knows(f"{name} {version}")) as url:
        assert audit.main(["--database", url]) == 1
    assert f"{name} {version}: GHSA-1" in capsys.readouterr().out


def test_without_a_lock_there_is_nothing_to_look_at(tmp_path: Any) -> None:
    with pytest.raises(audit.Blind, match="no package is locked"):
        audit.locked(tmp_path)
