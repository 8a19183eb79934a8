"""A container writes what it likes into its log: the agent's time, memory and report of others do not depend on it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from manage.agent import wire
from manage.catalog import load_catalog
from manage.catalog.drivers.pattern import pattern_fault
from manage.catalog.model import NETWORKS
from manage.engine import line_pattern, log_lines, logs
from manage.engine.log_evidence import KEPT, LINE_BYTES, READ_BYTES, LogEvidence
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from tests.stage.deadlines import within
from tests.stage.engines import Engine, Respond, answer, frame

PATTERNS = ["Accepted .* blocks", "(?i)error", "a+b+c", "x.{2,}y", r"(?:took|needs) \d+ ms$", "^a", r"\[emerg\]", ".*"]
LINES = ["Accepted 12 blocks", "an ERROR", "aabbbc", "xAy", "xABy", "took 55 ms", "needs x ms", "[emerg]", "blocks A"]
LINES.append(f"Accepted {'x' * 500} blocks")
SHORT, LONG = 30_000, 300_000
FLOODS = ["Accepted ", "a", "aab", "[", "took 1"]

Start = Callable[[Respond], Engine]


def stamped(text: bytes, second: int = 0) -> bytes:
    return b"2026-11-21T11:44:%02d.5Z %s\n" % (second, text)


def kept(evidence: LogEvidence) -> list[str]:
    """The matching lines after one more reading."""
    within(10, lambda: evidence.read(Reader(), "f0"))
    return [line for _, line in evidence.lines]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_finds_what_python_finds(pattern: str) -> None:
    compiled = line_pattern.compiled(pattern)
    assert [compiled.is_in(line) for line in LINES] == [bool(re.search(pattern, line)) for line in LINES]


@pytest.mark.promise("The time of searching a log line grows with its length, not with the square of it", runs="ci")
@pytest.mark.parametrize("pattern", PATTERNS)
def test_ten_times_the_line_takes_ten_times_the_time(pattern: str) -> None:
    compiled = line_pattern.compiled(pattern)

    def cpu_s(length: int) -> float:
        lines = [(flood * length)[:length] for flood in FLOODS]
        began = time.thread_time()
        for line in lines:
            compiled.is_in(line)
        return time.thread_time() - began

    assert cpu_s(LONG) < 30 * max(cpu_s(SHORT), 0.002)  # a square takes 100 times as long


def test_every_shipped_pattern_is_one_of_which_the_time_is_bounded() -> None:
    patterns = {
        pattern
        for network in NETWORKS
        for service in load_catalog().services(network).values()
        for pattern in service.health.log_patterns
    }
    assert {pattern: pattern_fault(pattern) for pattern in patterns if pattern_fault(pattern)} == {}
    assert len(patterns) > 5


@pytest.mark.promise("Long lines in a container's log make engine.json no larger than short ones", runs="ci")
def test_long_lines_are_cut_before_they_are_kept(engine: Start) -> None:
    lines = [stamped(b"error " + b"x" * 40_000, second) for second in range(25)]
    engine(lambda _target: [answer(b"".join(map(frame, lines)))])
    found = kept(LogEvidence(["error"]))
    assert len(found) == KEPT
    assert max(map(len, found)) <= LINE_BYTES


def test_a_line_in_frames_of_16_kilobytes_is_one_line(engine: Start) -> None:
    line = stamped(b"error " + b"x" * 300_000)
    frames = [frame(line[at : at + 16384]) for at in range(0, len(line), 16384)]
    engine(lambda _target: [answer(b"".join([*frames, frame(stamped(b"another error", 1))]))])
    assert [line[:13] for line in kept(LogEvidence(["error"]))] == ["error xxxxxxx", "another error"]


def test_a_line_longer_than_one_reading_hides_no_later_line(engine: Start) -> None:
    endless = stamped(b"error " + b"x" * 2 * READ_BYTES)

    def respond(target: str) -> list[bytes]:
        return [answer(frame(stamped(b"a later error", 1)) if "since=" in target else frame(endless))]

    engine(respond)
    evidence = LogEvidence(["error"])
    kept(evidence)
    assert kept(evidence)[-1] == "a later error"


def test_a_log_that_never_ends_costs_one_reading(engine: Start) -> None:
    engine(lambda _target: chain([answer(b"")], repeat(frame(stamped(b"error") * 100))))
    assert len(kept(LogEvidence(["error"]))) == 1, "all have the same time"


@pytest.mark.parametrize(("sent", "expected"), [([answer(frame(stamped(b"error")))], ["error"]), ([], [])])
def test_a_log_that_hangs_costs_one_reading(engine: Start, sent: list[bytes], expected: list[str]) -> None:
    def respond(_target: str) -> Iterator[bytes]:
        yield from sent
        server.stop.wait(30)

    server = engine(respond)
    assert kept(LogEvidence(["error"])) == expected


def test_control_characters_and_noise_are_not_kept(engine: Start) -> None:
    noise = b"error \x1b[31m\x1b]0;title\x07\x9b2J\xff\xfe \x00 \xe2\x80\xae"
    engine(lambda _target: [answer(frame(stamped(noise)))])
    (line,) = kept(LogEvidence(["error"]))
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", line)


def test_a_pattern_that_is_slow_on_every_line_ends_with_its_budget(engine: Start) -> None:
    lines = [stamped(b"a" * 990, second) for second in range(60)]
    engine(lambda _target: [answer(b"".join(map(frame, lines)))])
    began = time.thread_time()
    evidence = LogEvidence([r"\S*\S*Q"])
    evidence.read(Reader(), "f0")
    assert time.thread_time() - began < 1.5


def test_frames_that_are_none_are_taken_as_text() -> None:
    assert b"".join(log_lines.demultiplexed([b"2026 a terminal writes without frames\n"])).startswith(b"2026")
    assert list(log_lines.demultiplexed([frame(b"ab") + b"\x01\x00\x00\x00\xff\xff\xff\xffcut"])) == [b"ab", b"cut"]
    assert list(log_lines.lines([b"ab", b"cdef\ngh", b"i"], 4)) == [b"abcd", b"ghi"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'[{"Labels": "' + b"x" * (17 << 20)], ids=["nested", "huge"])
def test_a_huge_or_nested_answer_of_the_engine_is_a_sentence(engine: Start, body: bytes) -> None:
    engine(lambda _target: [answer(body)])
    with pytest.raises(NodeyardError, match="Docker's engine"):
        within(10, lambda: Reader().containers(all=True))


def test_an_engine_that_answers_byte_by_byte_is_given_up(engine: Start) -> None:
    server = engine(lambda _target: (b"x" for _ in iter(lambda: server.stop.wait(0.05), True)))
    with pytest.raises(NodeyardError, match="stopped answering"):
        within(5, lambda: Reader(timeout_s=0.5).containers())


def test_the_lines_that_a_page_shows_fit_into_one_answer_of_the_agent(engine: Start) -> None:
    container = answer(b'[{"Id": "f0", "Labels": {}}]')
    log = answer(b"".join(frame(stamped(b"\xff" * 40_000, second)) for second in range(60)) * 40)
    engine(lambda target: [container if "/containers/json" in target else log])
    lines = within(10, lambda: logs.recent(Installation("ab12cd34", "nodeyard"), "noisy", 2000))
    assert len(lines) > 40
    assert len(json.dumps(lines, ensure_ascii=False).encode()) < wire.LONGEST_ANSWER


def test_the_lines_of_a_failed_gate_are_bounded_too(engine: Start) -> None:
    engine(lambda _target: chain([answer(b"")], repeat(frame(stamped(b"\x1b[2J" + b"x" * 16_000)))))
    lines = within(10, lambda: logs.tail("f0", 10))
    assert len(lines) == 10
    assert max(map(len, lines)) <= logs.SHORT_BYTES
    assert not any("\x1b" in line for line in lines)
