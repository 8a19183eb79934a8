"""A long list of objects, read from pieces."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nodeclients import json_entries
from nodeclients.json_entries import EntriesParser


@pytest.fixture(autouse=True, scope="module")
def little() -> Any:
    """Long is what has more than 200 characters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_entries, "SMALL", 200)
        yield


def parsed(raw: bytes, cuts: list[int]) -> dict[str, Any]:
    parser, found = EntriesParser(), []
    for start, end in pairwise(sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})):
        found += parser.feed(raw[start:end])
    frame = parser.end()
    if found:
        frame["params"]["entries"] = found + frame["params"]["entries"]
    return frame


entries = st.lists(
    st.fixed_dictionaries({"address": st.text(max_size=8), "amount": st.integers(0, 2**64), "in": st.lists(st.none())})
)


@given(entries, st.lists(st.integers(0)), st.sampled_from([(",", ":"), (" , ", " : ")]))
def test_however_it_is_cut_the_frame_is_the_same(
    values: list[dict[str, Any]], cuts: list[int], separators: tuple[str, str]
) -> None:
    frame = {"id": 1, "params": {"entries": values, "more": [1]}, "method": "ü[]"}
    raw = json.dumps(frame, separators=separators, ensure_ascii=False).encode()
    if raw.index(b"[") < raw.index(b"entries"):
        return
    assert parsed(raw, cuts) == frame


def test_a_short_error_may_hold_brackets() -> None:
    frame = {"id": 1, "error": {"message": "[1, 2"}}
    assert parsed(json.dumps(frame).encode(), [5]) == frame


ENTRY = '{"address": "kaspa:q", "amount": 1}'


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "5",
        '{"params"',
        '{"params": {"entries": [' + ENTRY * 50,
        '{"params": {"entries": [' + ",".join([ENTRY] * 50) + ', {"cut": ',
        '{"params": {"entries": [' + ",".join([ENTRY] * 50) + ", 5]}}",
        '{"params": {"entries": [' + ",".join([ENTRY] * 50) + "]}} extra",
        '{"params": {"others": [' + ",".join([ENTRY] * 50) + "]}}",
        '{"params": {"entries": [{"long": "' + "x" * 1000,
        '{"params": {"entries": [' + ",".join([ENTRY] * 50) + ', {"a": ' + "[" * 2000,
        '{"params": "' + "x" * 1000,
        '{"error": "' + "x" * 1000 + "[",
        '{"params": {"entries": [' + ENTRY + "], " + '"more": "' + "x" * 1000,
        "\xff",
    ],
)
def test_anything_else_is_a_value_error(raw: str) -> None:
    for cuts in ([], list(range(0, len(raw), 64))):
        with pytest.raises(ValueError):
            parsed(raw.encode("latin-1"), cuts)
