"""Rules for every service: container state first, then silence; one lost probe is not a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from manage.errors import NodeyardError
from manage.health import drivers, verdict
from manage.health.drivers import Target
from manage.health.model import EngineState, Fact, Judgement
from manage.health.verdict import Record

KILLED = EngineState("exited", exit_code=137, oom_killed=True, memory_limit=512_000_000)
Judge = Callable[[EngineState, Record, float], Judgement]


@pytest.fixture
def judge(target: Callable[..., Target]) -> Judge:
    driver = drivers.load("http")

    def of(engine: EngineState, record: Record, now: float) -> Judgement:
        return verdict.judge(target("proxy", startup_s=20), driver, record, engine, now)

    return of


def answered(at: float) -> Record:
    facts = (Fact("http_status", 200, at), Fact("answer_ms", 2.0, at, "ms"))
    return Record(facts, answered_at=at, watched_since=at - 1000)


@pytest.mark.parametrize(
    ("engine", "expected", "words", "final"),
    [
        (EngineState("paused"), "down", "paused", True),
        (KILLED, "down", "killed at its memory limit of 512 MB, exit code 137", True),
        (EngineState("exited", exit_code=1), "down", "exited: exit code 1", True),
        (EngineState("restarting", restarts=7, exit_code=2), "down", "7 restarts, exit code 2", False),
        (EngineState("absent"), "down", "no container", True),
        (EngineState("created"), "down", "created, not running", True),
        (EngineState("dead"), "down", "exited", True),
        (EngineState("absent", desired=False), "disabled", "stopped", True),
        (EngineState("exited", exit_code=143, desired=False), "disabled", "stopped", True),
    ],
)
def test_the_container_state_comes_first(
    judge: Judge, now: float, engine: EngineState, expected: str, words: str, final: bool
) -> None:
    judgement = judge(engine, answered(now - 1), now)
    assert (judgement.verdict, judgement.final) == (expected, final)
    assert words in judgement.reason


def test_one_lost_probe_keeps_the_verdict(judge: Judge, running: EngineState, now: float) -> None:
    lost = replace(answered(now - 5), fault="no answer within 3 s")
    assert judge(running, lost, now).verdict == "healthy"


def test_silence_is_down_with_its_length_and_the_fault(judge: Judge, running: EngineState, now: float) -> None:
    silent = replace(answered(now - 12), fault="no answer within 3 s")
    judgement = judge(running, silent, now)
    assert (judgement.verdict, judgement.reason) == ("down", "silent for 12 s: no answer within 3 s")
    assert not judgement.checks


def test_silence_is_noticed_within_15_seconds_of_the_last_answer(
    judge: Judge, running: EngineState, now: float
) -> None:
    assert judge(running, answered(now), now + 15 - drivers.PERIOD_S - drivers.DEADLINE_S).verdict == "down"


def test_a_start_may_take_the_startup_time_and_no_longer(judge: Judge, now: float) -> None:
    silent = Record(fault="nothing listens at proxy:8080", watched_since=now - 1000)
    starting = judge(EngineState("running", at=now, started_at=now - 10), silent, now)
    assert (starting.verdict, starting.reason) == ("starting", "started 10 s ago, nothing listens at proxy:8080")
    assert judge(EngineState("running", at=now, started_at=now - 21), silent, now).verdict == "down"


def test_answers_from_before_the_container_started_do_not_count(judge: Judge, now: float) -> None:
    restarted = EngineState("running", at=now, started_at=now - 1)
    assert judge(restarted, answered(now - 2), now).verdict == "starting"


def test_repeated_restarts_show_in_the_reason(judge: Judge, now: float) -> None:
    engine = EngineState("running", at=now, started_at=now - 1, restarts=5)
    assert "after 5 restarts" in judge(engine, Record(watched_since=now - 90), now).reason


def test_without_engine_state_the_probes_decide_and_the_reason_says_so(judge: Judge, now: float) -> None:
    unknown = EngineState("unknown")
    assert judge(unknown, answered(now - 1), now) == Judgement(
        "healthy", "answers in 2 ms; engine state unknown", {"http": True}
    )
    assert judge(unknown, replace(answered(now - 12), fault="no answer within 3 s"), now).verdict == "down"
    assert judge(unknown, Record(watched_since=now - 5), now).verdict == "starting"
    assert judge(unknown, Record(watched_since=now - 25), now).verdict == "down"


def test_an_unknown_driver_is_named_with_its_file() -> None:
    with pytest.raises(NodeyardError) as raised:
        drivers.load("nonsense")
    assert "nonsense" in raised.value.message
    assert raised.value.hint.endswith("manage/health/probes/nonsense.py")
