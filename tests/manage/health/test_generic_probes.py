"""The generic drivers against small real servers on loopback. The case files hold what their facts mean."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from manage.health import drivers, fetch
from manage.health.drivers import Endpoint, Memory, ProbeFault, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
RULES = [
    {"check": "height", "field": "sync.height", "at_least": 100, "reason": "height {value}"},
    {"check": "peer", "field": "peers.1", "equals": "b", "reason": "peer {value}"},
]


@pytest.fixture
def ask(target: Callable[..., Target]) -> Callable[..., tuple[Fact, ...]]:
    """One probe of a driver against a server that talks as the test says."""

    def run(driver: str, talk: Talk | None, secrets: Path | None = None, **options: Any) -> tuple[Fact, ...]:
        async def probe() -> tuple[Fact, ...]:
            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    assert talk is not None
                    await talk(reader, writer)
                    await writer.drain()
                except ConnectionError:
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            if talk is None:
                server.close()
                await server.wait_closed()
            where = {"secrets": secrets} if secrets else {}
            place = {options.get("port", "metrics" if driver == "metrics" else "http"): port}
            ports = {name: Endpoint("127.0.0.1", number, "tcp") for name, number in place.items()}
            watched = target("server", driver=driver, options=options, ports=ports, **where)
            try:
                async with asyncio.timeout(drivers.DEADLINE_S):
                    return await drivers.load(driver).probe(watched, Memory())
            finally:
                server.close()

        return asyncio.run(probe())

    return run


@pytest.fixture
def judged(target: Callable[..., Target], running: EngineState) -> Callable[..., Judgement]:
    def run(driver: str, facts: tuple[Fact, ...], **options: Any) -> Judgement:
        return drivers.load(driver).judge(target("server", driver=driver, options=options), facts, running, time.time())

    return run


def http(body: bytes, status: int = 200, asked: list[bytes] | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head.split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 %d X\r\n\r\n" % status + body)

    return talk


def redis(password: str = "") -> Talk:
    """The two commands that the tests need, in the protocol's inline form."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        allowed = not password
        while line := (await reader.readline()).decode().strip():
            if line.startswith("AUTH "):
                allowed = line == f"AUTH {password}"
                writer.write(b"+OK\r\n" if allowed else b"-WRONGPASS invalid password\r\n")
            else:
                writer.write(b"+PONG\r\n" if allowed else b"-NOAUTH Authentication required.\r\n")

    return talk


def test_http_reads_the_fields_of_its_rules(ask: Any, judged: Any) -> None:
    body, asked = {"sync": {"height": 120}, "peers": ["a", "b"]}, list[bytes]()
    facts = ask("http", http(json.dumps(body).encode(), asked=asked), path="/status", rules=RULES)
    assert asked == [b"GET /status HTTP/1.0"]
    assert (value(facts, "height"), value(facts, "peer"), value(facts, "http_status")) == (120, "b", 200)
    judgement = judged("http", facts, path="/status", rules=RULES)
    assert (judgement.verdict, judgement.checks) == ("healthy", {"http": True, "height": True, "peer": True})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"sync": {}, "peers": ["a", "b"]}, "height: the answer has no field sync.height"),
        ({"sync": {"height": {}}, "peers": ["a", "b"]}, "height: the field sync.height is not a single value"),
        ({"sync": {"height": "120"}, "peers": ["a", "b"]}, "height 120"),
        ({"sync": {"height": True}, "peers": ["a", "b"]}, "height true"),
        ({"sync": {"height": None}, "peers": ["a", "b"]}, "height nothing"),
        ({"sync": {"height": 120}, "peers": ["a"]}, "peer: the answer has no field peers.1"),
        ({"sync": {"height": float("nan")}, "peers": ["a", "b"]}, "height nan"),
        ({"sync": {"height": 120}, "peers": ["a", "x" * 9999]}, "peer " + "x" * 80),
    ],
)
def test_http_is_strict_about_fields_and_types(ask: Any, judged: Any, body: dict[str, Any], words: str) -> None:
    facts = ask("http", http(json.dumps(body).encode()), rules=RULES)
    judgement = judged("http", facts, rules=RULES)
    assert (judgement.verdict, judgement.reason) == ("degraded", words)
    json.dumps([fact.value for fact in facts], allow_nan=False)


def test_http_reads_no_document_behind_an_unexpected_status(ask: Any, judged: Any) -> None:
    facts = ask("http", http(b"<html>", status=503), rules=RULES)
    judgement = judged("http", facts, rules=RULES)
    assert judgement.reason == "/health answers HTTP 503"
    assert judgement.checks == {"http": False, "height": False, "peer": False}


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"[" * 100_000, b"{" + b"9" * 5000, b""])
def test_http_without_a_json_object_is_a_fault(ask: Any, body: bytes) -> None:
    with pytest.raises(ProbeFault, match="HTTP 200 without a JSON object"):
        ask("http", http(body), rules=RULES)


def test_a_long_answer_is_not_read_to_its_end(ask: Any) -> None:
    with pytest.raises(ProbeFault, match=f"longer than {fetch.MAX_ANSWER_BYTES} bytes"):
        ask("http", http(b"x" * (fetch.MAX_ANSWER_BYTES + 1)))


def test_tcp_connects(ask: Any, judged: Any) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert judged("tcp", ask("tcp", silent, port="redis"), port="redis").checks == {"tcp": True}
    with pytest.raises(ProbeFault, match=r"nothing listens at 127\.0\.0\.1"):
        ask("tcp", None, port="redis")


@pytest.mark.promise("The generic driver `line` watches a Redis server without Python", runs="ci")
def test_line_speaks_redis(ask: Any, judged: Any) -> None:
    options = {"port": "redis", "send": ["PING"], "expect": r"\+PONG"}
    assert judged("line", ask("line", redis(), **options), **options).checks == {"line": True}
    refused = judged("line", ask("line", redis("s3cret"), **options), **options)
    assert (refused.verdict, refused.checks) == ("degraded", {"line": False})
    assert refused.reason == r"answers '-NOAUTH Authentication required.', not \+PONG"


def test_line_sends_a_secret_and_never_shows_it(ask: Any, judged: Any, tmp_path: Path) -> None:
    (tmp_path / "redis_password").write_text("s3cret\n")
    options = {"port": "redis", "send": ["AUTH {secret}", "PING"], "expect": r"\+PONG", "secret": "redis_password"}
    facts = ask("line", redis("s3cret"), tmp_path, **options)
    assert judged("line", facts, **options).verdict == "healthy"

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)

    shown = ask("line", echo, tmp_path, port="redis", send=["AUTH {secret}"], expect="x", secret="redis_password")
    assert value(shown, "answer") == "AUTH ***"
    with pytest.raises(ProbeFault, match="the secret other cannot be read"):
        ask("line", echo, tmp_path, port="redis", send=["{secret}"], expect="x", secret="other")


def test_line_reads_a_greeting_when_it_sends_nothing(ask: Any) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready")

    assert value(ask("line", greet, port="smtp", expect="220 .*"), "answer") == "220 ready"


@pytest.mark.parametrize(
    ("sent", "words"), [(b"x" * 5000, "longer than 512 bytes"), (b"", "closed the connection without an answer")]
)
def test_line_bounds_what_it_reads(ask: Any, sent: bytes, words: str) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    with pytest.raises(ProbeFault, match=words):
        ask("line", talk, port="redis", expect="x")


METRICS = rb"""# HELP up Whether it is up
# TYPE up gauge
up{job="node",path="a\\b \"c\"}",} 1 1395066363000
up{ job = "other" } 0
up_total 7
temperature 21.5
limit +Inf
"""


@pytest.mark.parametrize(
    ("metric", "labels", "comparison", "operand", "words"),
    [
        ("up", {"job": "node"}, "equals", 1, ""),
        ("up", {"job": "node", "path": 'a\\b "c"}'}, "equals", 1, ""),
        ("up", {}, "equals", 1, "was 0"),
        ("up", {"job": "none"}, "equals", 1, "rule: there is no metric up with job=none"),
        ("up_total", {}, "at_most", 6, "was 7"),
        ("temperature", {}, "at_least", 21.5, ""),
        ("temp", {}, "at_least", 0, "rule: there is no metric temp"),
        ("limit", {}, "at_most", 5, "was inf"),
    ],
)
def test_metrics_are_found_by_name_and_labels(
    ask: Any, judged: Any, metric: str, labels: dict[str, str], comparison: str, operand: float, words: str
) -> None:
    rules = [{"check": "rule", "metric": metric, "labels": labels, comparison: operand, "reason": "was {value}"}]
    judgement = judged("metrics", ask("metrics", http(METRICS), rules=rules), rules=rules)
    assert judgement.checks == {"metrics": True, "rule": not words}
    assert judgement.reason == words or judgement.verdict == "healthy"


@pytest.mark.parametrize("line", [b"up one", b'up{job="a" 1', b"up{} ", b'up{a="b"} '])
def test_a_metric_that_cannot_be_read_is_a_fault(ask: Any, line: bytes) -> None:
    rules = [{"check": "rule", "metric": "up", "equals": 1, "reason": "{value}"}]
    with pytest.raises(ProbeFault, match="this line of its metrics cannot be read: up"):
        ask("metrics", http(line), rules=rules)


def test_metrics_behind_an_error_are_a_fault(ask: Any) -> None:
    with pytest.raises(ProbeFault, match="/metrics answers HTTP 401"):
        ask("metrics", http(b"", status=401))
