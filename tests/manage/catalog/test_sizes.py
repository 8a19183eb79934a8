"""Sizes are powers of 1024, as in Compose."""

from __future__ import annotations

import pytest

from manage.catalog.sizes import parse


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("10k", 10240), ("512m", 536870912), ("640g", 687194767360)])
def test_a_size_is_read_in_powers_of_1024(text: str, count: int) -> None:
    assert parse(text) == count


@pytest.mark.parametrize("text", ["", "m", "-1m", "1.5g", "1 g", "1G", "1gb", "1m\n"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse(text)
