"""The pictures: seven shapes and a strip."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manage.health.model import VERDICTS, VerdictName
from manage.web.history import Span
from manage.web.timeline import SLOTS, Bar, timeline_of
from manage.web.verdict_icons import ICONS

NOW = 1_800_000_000.0
DAY = 86_400.0


def test_every_verdict_has_a_shape_of_its_own() -> None:
    assert set(ICONS) == set(VERDICTS)
    assert len(set(ICONS.values())) == len(VERDICTS)


def test_a_healthy_day_is_one_bar() -> None:
    drawn = timeline_of([Span(NOW - 2 * DAY, NOW, "healthy")], NOW)
    assert [(bar.x, bar.width, bar.verdict) for bar in drawn.bars] == [(0, SLOTS, "healthy")]
    assert drawn.description == "healthy all day"


def test_what_was_before_the_day_is_left_out() -> None:
    assert timeline_of([Span(NOW - 3 * DAY, NOW - 2 * DAY, "down")], NOW).bars == ()


def test_an_outage_of_a_minute_can_be_seen_between_its_neighbours() -> None:
    spans = [
        Span(NOW - DAY, NOW - 3660, "healthy"),
        Span(NOW - 3660, NOW - 3601, "down"),
        Span(NOW - 3601, NOW, "healthy"),
    ]
    drawn = timeline_of(spans, NOW)
    assert [(bar.verdict, bar.width) for bar in drawn.bars] == [("healthy", SLOTS - 9), ("down", 1), ("healthy", 8)]
    assert "down 59 s" in drawn.description


def test_the_picture_stands_still_while_nothing_happens() -> None:
    def later(seconds: float) -> tuple[Bar, ...]:
        return timeline_of([Span(NOW - 9000, NOW + seconds, "healthy")], NOW + seconds).bars

    assert later(1) == later(100) == later(449)


def test_a_new_installation_says_how_long_it_was_watched() -> None:
    assert timeline_of([Span(NOW - 3600, NOW, "healthy")], NOW).description == "healthy for 1 h"
    assert timeline_of([], NOW).description == "no data yet"


@given(st.lists(st.tuples(st.floats(-3 * DAY, DAY), st.floats(0, 2 * DAY), st.sampled_from(VERDICTS)), max_size=30))
def test_bars_follow_each_other_and_never_leave_the_strip(spans: list[tuple[float, float, VerdictName]]) -> None:
    made = [Span(NOW + start, NOW + start + length, verdict) for start, length, verdict in spans]
    end = 0
    for bar in timeline_of(made, NOW).bars:
        assert end <= bar.x and bar.width >= 1
        end = bar.x + bar.width
    assert end <= SLOTS
