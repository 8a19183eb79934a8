from __future__ import annotations

import threading
from pathlib import Path

import pytest

from manage.images.log import Cancelled, Log


def test_the_file_holds_everything_and_the_error_shows_the_last_lines(tmp_path: Path) -> None:
    with Log(tmp_path / "log" / "image-x.log", "x", lambda _event: None, threading.Event()) as log:
        for number in range(100):
            log.write(f"line {number}")
    assert len(log.path.read_text().splitlines()) == 100
    assert log.last_lines().splitlines()[0] == "line 85"
    assert log.last_lines().endswith("line 99")


def test_a_cancelled_build_ends_at_its_next_line(tmp_path: Path) -> None:
    cancelled = threading.Event()
    with Log(tmp_path / "image-x.log", "x", lambda _event: None, cancelled) as log:
        log.write("one")
        cancelled.set()
        with pytest.raises(Cancelled):
            log.write("two")
