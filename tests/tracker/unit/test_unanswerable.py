"""Addresses that the node cannot answer: when they are asked for again, and with which others."""

from __future__ import annotations

from tracker.unanswerable import FIRST_RETRY_S, LONGEST_RETRY_S, Unanswerable, parts

NOW = 1_800_000_000.0
MANY = [f"a{number}" for number in range(250)]


def test_the_intervals_grow_up_to_an_hour() -> None:
    memory, intervals = Unanswerable(), []
    for _ in range(30):
        intervals.append(memory.failed("a", "odd", NOW).retry_at - NOW)
    assert intervals[:4] == [FIRST_RETRY_S * factor for factor in (1, 2, 4, 8)]
    assert intervals[-1] == LONGEST_RETRY_S
    assert memory.due(NOW + LONGEST_RETRY_S - 1) == []
    assert memory.due(NOW + LONGEST_RETRY_S) == ["a"]
    memory.answered(["a"])
    assert memory.failures == {}
    assert memory.failed("a", "odd", NOW).retry_at == NOW + FIRST_RETRY_S


def test_a_batch_is_split_until_each_address_is_alone() -> None:
    assert [len(part) for part in parts(MANY[:100])] == [10] * 10
    assert [len(part) for part in parts(MANY[:10])] == [1] * 10
    assert [len(part) for part in parts(MANY[:2])] == [1, 1]
    assert sorted(address for part in parts(MANY[:17]) for address in part) == sorted(MANY[:17])


def test_what_ended_a_session_is_asked_for_last_and_in_smaller_batches() -> None:
    memory = Unanswerable()
    assert [len(batch) for batch in memory.batches(MANY)] == [100, 100, 50]
    sizes = []
    for _ in range(3):
        memory.in_flight = next(batch for batch in reversed(memory.batches(MANY)) if "a7" in batch)
        sizes.append(len(memory.in_flight))
        memory.answered([each for each in MANY if each not in memory.in_flight])
        memory.interrupted("kaspad died", NOW)
    assert sizes == [100, 10, 1]
    assert memory.failures["a7"].reason == "kaspad died, each time that the tracker asked for it"
    assert "a7" not in {address for batch in memory.batches(MANY) for address in batch}


def test_a_session_that_ended_while_nothing_was_asked_blames_nobody() -> None:
    memory = Unanswerable()
    for _ in range(5):
        memory.interrupted("kaspad died", NOW)
    assert [len(batch) for batch in memory.batches(MANY)] == [100, 100, 50]
