"""Following a log by looking at its end again and again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manage.agent.log_follow import new_lines


def test_what_was_seen_is_not_told_again() -> None:
    assert new_lines(["a", "b", "c"], ["b", "c", "d", "e"]) == ["d", "e"]


def test_a_silent_log_has_nothing_new() -> None:
    assert list(new_lines(["a", "b"], ["a", "b"])) == []


def test_after_a_gap_longer_than_a_look_all_is_new() -> None:
    assert new_lines(["a", "b"], ["x", "y"]) == ["x", "y"]


def test_the_first_look_is_all_new() -> None:
    assert new_lines([], ["a"]) == ["a"]


@given(st.integers(0, 300), st.integers(0, 40), st.integers(41, 60))
def test_numbered_lines_arrive_once_each_in_order(start: int, grown: int, look: int) -> None:
    log = [str(number) for number in range(start + grown + 1)]
    before, after = log[: start + 1][-look:], log[-look:]
    assert list(new_lines(before, after)) == log[start + 1 :]
