"""nginx and Caddy as they run, in front of servers that write down what reaches them."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from manage import config as configuration
from manage.catalog import load_catalog
from manage.render import fragment, wiring
from tests.stage.ports import free_port
from tests.stage.waiting import until


def require(program: str) -> str:
    """The path of a program that `tests/run` installs; the test is skipped where it is missing."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        pytest.skip(f"{program} is missing; install it with: apt-get install {program}")
    return found


class Recorder:
    """An HTTP server that keeps the headers of each request and answers with `answers`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.answers: list[tuple[str, str]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                recorder.seen.append(
                    {"path": self.path, **{name.lower(): value for name, value in self.headers.items()}}
                )
                body = json.dumps(recorder.seen[-1]).encode()
                self.send_response(200)
                plain = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
                for name, value in (*recorder.answers, *plain):
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_POST = do_GET

            def log_message(self, *arguments: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def run(argv: list[str], port: int, folder: Path, env: Mapping[str, str] | None = None) -> Iterator[None]:
    """A server until the block ends, from the moment it listens on `port`."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output, cwd=folder, env=env)

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, 20)
        yield
    finally:
        process.terminate()
        process.wait(20)


def configured(text: str = "", installation: str = "0123abcd") -> bytes:
    """The proxy's configuration in a stack where the tracker signs people in with the cookie `shop`."""
    catalog = load_catalog()
    config = configuration.parse(f"version: 1\n{text}", "stack.yml", catalog)
    graph = wiring.service_graph(catalog, config, installation)
    links = tuple(
        replace(link, attributes={**link.attributes, "cookie": "shop"})
        if (link.relation, link.user) == (wiring.ROUTE, "tracker")
        else link
        for link in graph.links
    )
    return fragment.render_files(replace(graph, links=links), graph.all["proxy"])["nginx.conf"]


@contextmanager
def our_proxy(conf: bytes, backends: Mapping[str, int], folder: Path, peers: str = "", pem: str = "") -> Iterator[int]:
    """nginx with the configuration that Nodeyard renders; gives its port. `backends` maps services to ports here."""
    port = free_port()
    text = conf.decode().replace("listen http.proxy:8080", f"listen 127.0.0.1:{port}").replace("/tmp/", f"{folder}/")
    text = "\n".join(line for line in text.splitlines() if "listen door.proxy:" not in line)
    for service, at in backends.items():
        text = text.replace(f"http://http.{service}:8000", f"http://127.0.0.1:{at}")
    (folder / "nginx.conf").write_text(text.replace("/run/secrets/", f"{folder}/"))
    (folder / "proxy_tls").write_text(pem)
    (folder / "peers.conf").write_text(peers)
    with run([require("nginx"), "-e", "/dev/stderr", "-c", str(folder / "nginx.conf")], port, folder):
        yield port


class Answer:
    """An HTTP answer with its headers."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.text = answer.status, answer.headers, answer.read().decode()

    def json(self) -> Any:
        return json.loads(self.text)


def ask(
    port: int,
    path: str,
    host: str,
    *,
    method: str = "GET",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    tls: bool = False,
) -> Answer:
    """One request to a port on loopback, under any name; a certificate is not checked."""
    connection: http.client.HTTPConnection
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        connection.sock = context.wrap_socket(plain, server_hostname=host.rpartition(":")[0] or host)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, {"Host": host, **(headers or {})})
        return Answer(connection.getresponse())
    finally:
        connection.close()
