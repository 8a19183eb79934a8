"""line: sends lines over TCP and compares the last line of the answer with a pattern (Redis: PING, +PONG)."""

from __future__ import annotations

import asyncio
import re
import time

from manage import words
from manage.health import fetch
from manage.health.drivers import Memory, ProbeFault, Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.rules import failing_verdict

MAX_LINE_BYTES = 512
"""Of one line of answer; bounds the time of matching together with `manage.catalog.drivers.pattern`."""


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """One connection; a line of answer is read for each line sent, so nothing is sent ahead of its turn."""
    name = target.options["secret"]
    secret = target.secret(name) if name else ""
    lines = [line.replace("{secret}", secret) if name else line for line in target.options["send"]]
    began = time.monotonic()
    async with fetch.connection(target.endpoint(target.options["port"]), MAX_LINE_BYTES) as (reader, writer):
        answer = "" if lines else await _line(reader)
        for line in lines:
            writer.write(line.encode() + b"\r\n")
            await writer.drain()
            answer = await _line(reader)
    took_ms = (time.monotonic() - began) * 1000
    if secret:
        answer = answer.replace(secret, "***")
    at = time.time()
    return (Fact("answer", words.printable(answer), at), Fact("answer_ms", round(took_ms, 1), at, "ms"))


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        raw = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as fault:
        if not fault.partial:
            raise ProbeFault("it closed the connection without an answer") from fault
        raw = fault.partial
    except asyncio.LimitOverrunError as fault:
        raise ProbeFault(f"its answer is longer than {MAX_LINE_BYTES} bytes") from fault
    return raw[:MAX_LINE_BYTES].decode("utf-8", "replace").rstrip("\r\n")


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    answer, expected = value(facts, "answer"), target.options["expect"]
    if re.fullmatch(expected, answer):
        return Judgement("healthy", f"answers {answer!r} in {value(facts, 'answer_ms'):g} ms", {"line": True})
    verdict = failing_verdict(target, engine, now)
    return Judgement(
        verdict, f"answers {answer[:80]!r}, not {expected}", {"line": False}, headline="gives a wrong answer"
    )
