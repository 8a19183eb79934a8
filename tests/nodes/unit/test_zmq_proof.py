"""Gaps in ZMQ counters, and the bodies of the sequence topic."""

from __future__ import annotations

import pytest
from nodeclients.zmq import COUNTER_MODULUS, CounterCheck, Gap, SequenceEvent, sequence_event


def test_whoever_joins_late_has_missed_nothing_yet() -> None:
    check = CounterCheck()
    assert [check.see("rawtx", counter) for counter in (41, 42, 43)] == [None, None, None]


def test_topics_count_apart() -> None:
    check = CounterCheck()
    assert check.see("rawtx", 7) is None
    assert check.see("sequence", 0) is None
    assert check.see("rawtx", 8) is None


def test_a_jump_tells_how_many_were_lost() -> None:
    check = CounterCheck()
    check.see("rawtx", 7)
    gap = check.see("rawtx", 11)
    assert gap == Gap("rawtx", 8, 11)
    assert (gap.missed, gap.restarted) == (3, False)
    assert check.see("rawtx", 12) is None, "counting goes on behind the gap"


def test_a_counter_that_goes_back_is_a_restart_of_the_node() -> None:
    check = CounterCheck()
    check.see("rawtx", 5000)
    gap = check.see("rawtx", 2)
    assert gap is not None
    assert (gap.missed, gap.restarted) == (2, True)


def test_counters_wrap_around() -> None:
    check = CounterCheck()
    check.see("rawtx", COUNTER_MODULUS - 1)
    assert check.see("rawtx", 0) is None
    gap = check.see("rawtx", 3)
    assert gap is not None
    assert (gap.missed, gap.restarted) == (2, False)


def test_reads_the_four_kinds_of_sequence_bodies() -> None:
    block = bytes(range(32))
    assert sequence_event(block + b"C") == SequenceEvent("C", block.hex(), None)
    assert sequence_event(block + b"D") == SequenceEvent("D", block.hex(), None)
    added = block + b"A" + (258).to_bytes(8, "little")
    assert sequence_event(added) == SequenceEvent("A", block.hex(), 258)
    assert sequence_event(added.replace(b"A", b"R", 1)).kind == "R"


@pytest.mark.parametrize("body", [b"", bytes(32), bytes(32) + b"X", bytes(32) + b"A", bytes(32) + b"C" + bytes(8)])
def test_other_bytes_are_no_sequence_body(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a sequence notification"):
        sequence_event(body)
