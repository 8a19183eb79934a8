"""Kills at the memory limit by the engine's events, in words; a real one is in tests/engine/test_memory_kills.py."""

from __future__ import annotations

from typing import Any, cast

import pytest

from manage.engine.memory_kills import Ending, MemoryKills, kills
from manage.health import verdict
from manage.health.drivers import Driver, Target
from manage.health.model import EngineState, Judgement
from manage.health.verdict import Record

NOW = 1_795_300_000.0
OOM = "oom"


class Well:
    """A driver whose service is well as long as it answers."""

    def judge(self, *_: Any) -> Judgement:
        return Judgement("healthy", "all is well")


def target() -> Target:
    return Target("bitcoind", "Bitcoin node", "chains", "bitcoind", "private", thresholds={"max_silence_s": 30.0})


def judged(engine: EngineState, *, answered_at: float = NOW - 1) -> Judgement:
    return verdict.judge(target(), cast(Driver, Well()), Record(answered_at=answered_at), engine, NOW)


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([Ending(10, OOM), Ending(10.2, "die", "137")], [(10.2, True)]),
        ([Ending(10, OOM), Ending(10.1, OOM), Ending(10.2, "die", "137")], [(10.2, True)]),
        ([Ending(10, OOM), Ending(500, "die", "137")], [(10, False)]),
        ([Ending(10, OOM), Ending(10.2, "die", "1")], [(10, False)]),
        ([Ending(10, OOM)], [(10, False)]),
        ([Ending(10, "die", "137")], []),
        ([Ending(10, "die", "0"), Ending(11, OOM), Ending(11.1, "die", "137")], [(11.1, True)]),
    ],
    ids=["main", "child and main", "child, later a kill", "child, then a fault", "child", "kill", "twice"],
)
def test_what_was_killed_follows_from_the_events(events: list[Ending], found: list[tuple[float, bool]]) -> None:
    assert kills(events) == found


def test_events_count_once_however_often_they_are_read() -> None:
    def event(at: float, action: str, code: str = "") -> dict[str, Any]:
        return {"timeNano": int(at * 1e9), "Action": action, "Actor": {"ID": "abc", "Attributes": {"exitCode": code}}}

    found = MemoryKills()
    for _ in range(2):
        found.note([event(NOW - 9, OOM), event(NOW - 8.5, "die", "137"), {}, {"Actor": None, "timeNano": 1}])
    assert found.of("abc", NOW) == [[pytest.approx(NOW - 8.5), True]]
    assert found.of("abc", NOW + 4000) == []


@pytest.mark.promise("`why` names kills at the memory limit with the limit and their number", runs="ci")
def test_a_service_that_runs_again_says_that_it_was_killed() -> None:
    thrice = tuple((NOW - seconds, True) for seconds in (1800, 900, 30))
    engine = EngineState("running", started_at=NOW - 29, memory_limit=256_000_000, memory_kills=thrice)
    assert judged(engine) == Judgement(
        "healthy",
        "all is well; it was killed because it reached its memory limit of 256 MB (3 times in the last hour)",
    )
    starting = judged(engine, answered_at=0)
    assert starting.reason.endswith("memory limit of 256 MB (3 times in the last hour)")


def test_an_ended_one_names_the_kill_once() -> None:
    engine = EngineState(
        "exited", exit_code=137, oom_killed=True, memory_limit=256_000_000, memory_kills=((NOW - 60, True),)
    )
    expected = (
        "its container has exited: exit code 137; "
        "it was killed because it reached its memory limit of 256 MB (1 min ago)"
    )
    assert judged(engine).reason == expected


def test_a_kill_from_outside_is_not_called_a_lack_of_memory() -> None:
    reason = judged(EngineState("exited", exit_code=137, memory_limit=256_000_000)).reason
    assert reason == (
        "its container has exited: exit code 137 (killed from outside by SIGKILL, not at its memory limit)"
    )


def test_a_child_that_was_killed_is_not_the_service() -> None:
    engine = EngineState("running", memory_limit=256_000_000, memory_kills=((NOW - 2, False), (NOW - 1, False)))
    assert judged(engine).reason.startswith("all is well; processes in it were killed because it reached its memory")


def test_the_agents_report_carries_them(tmp_path: Any) -> None:
    from manage.health.watch.engine_report import parse

    state = {"state": "running", "memory_kills": [[NOW, True]]}
    report = parse({"version": 1, "as_of": NOW, "services": {"bitcoind": state}})
    assert report.state("bitcoind").memory_kills == ((NOW, True),)
    assert parse({"version": 1, "as_of": NOW, "services": {"x": {"state": "running"}}}).state("x").memory_kills == ()
