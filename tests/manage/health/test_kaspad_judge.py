"""What facts of a kaspad mean: facts in, judgement out."""

from __future__ import annotations

from typing import Any

from manage.health.facts import value
from manage.health.probes.kaspad import driver as kaspad
from manage.health.probes.kaspad.driver import Answers


def answers(daa_score: int, sink_at: float | None = None, **dag: Any) -> Answers:
    return Answers(
        server={
            "virtualDaaScore": daa_score,
            "hasUtxoIndex": True,
            "isSynced": True,
            "networkId": "simnet",
            "serverVersion": "2.0.1",
        },
        dag={"blockCount": daa_score, "headerCount": daa_score, **dag},
        peers=(),
        sink_at=sink_at,
    )


def test_it_measures_how_long_the_tip_has_not_moved(now: float) -> None:
    first = kaspad.derive((), answers(10), (), now)
    still = kaspad.derive(first, answers(10), (), now + 30)
    moved = kaspad.derive(still, answers(11), (), now + 32)
    assert [value(facts, "since_tip_moved") for facts in (first, still, moved)] == [0.0, 30.0, 0.0]
    assert [value(facts, "tip_seen_moving") for facts in (first, still, moved)] == [False, False, True]


def test_a_second_sync_starts_its_progress_again(now: float) -> None:
    first = kaspad.derive((), answers(5000, headerCount=10_000), (), now)
    whole = kaspad.derive(first, answers(10_000), (), now + 2)
    again = kaspad.derive(whole, answers(10_000, headerCount=90_000), (), now + 4)
    assert value(first, "sync_percent") > 60
    assert value(whole, "sync_percent") is None
    assert value(again, "sync_percent") < 40


def test_progress_does_not_fall_when_headers_run_ahead(now: float) -> None:
    first = kaspad.derive((), answers(5000, headerCount=10_000), (), now)
    ahead = kaspad.derive(first, answers(5100, headerCount=50_000), (), now + 2)
    assert value(ahead, "sync_percent") == value(first, "sync_percent")


def test_an_old_progress_line_is_ignored(now: float) -> None:
    log = ((now - 86_400, "IBD: Processed 19701 block headers (98%) last block timestamp: x"),)
    facts = kaspad.derive((), answers(0, headerCount=500), log, now)
    assert value(facts, "header_percent") is None
    assert value(facts, "sync_percent") == 0.0
