"""gunicorn keeps the dashboard: a worker that dies is replaced, and a stop lets requests under way end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from manage.installation.layout import Layout
from tests.stage import agents, dashboards, scenery
from tests.stage.half_open import FORM, half_open
from tests.stage.proxies import ask
from tests.stage.waiting import until


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    layout = agents.folders(Layout(tmp_path))
    scenery.put(layout, scenery.healthy(time.time()))
    with dashboards.serve(layout) as url:
        yield url


def worker() -> psutil.Process | None:
    """The process that serves, a child of gunicorn's."""
    for process in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.Error):  # it may end meanwhile
            if "manage.web.worker.DoorWorker" in process.cmdline() and process.ppid() != os.getpid():
                return process
    return None


def health(url: str) -> int:
    try:
        return ask(urlsplit(url).port or 0, "/health", dashboards.NAME).status
    except OSError:
        return 0


@pytest.mark.promise("A dashboard whose worker was killed serves again", runs="ci")
def test_a_killed_worker_is_replaced(url: str) -> None:
    killed = worker()
    assert killed is not None
    killed.kill()
    assert until(lambda: (new := worker()) and new.pid != killed.pid and health(url) == 200, 60)


def test_a_worker_that_is_asked_to_end_ends_although_requests_are_unfinished(url: str) -> None:
    asked = worker()
    assert asked is not None
    with half_open(url, 20, (FORM,)):
        asked.terminate()
        assert until(lambda: (new := worker()) and new.pid != asked.pid and health(url) == 200, 60)


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded-Host", "Forwarded"])
def test_what_a_client_says_about_itself_changes_nothing(url: str, name: str) -> None:
    says = {"Forwarded": "proto=https;host=evil.example", "X-Forwarded-Host": "evil.example"}.get(name, "https")
    answer = ask(urlsplit(url).port or 0, "/login", urlsplit(url).netloc, headers={name: says})
    assert answer.status == 200
    assert not any("Secure" in cookie for cookie in answer.headers.get_all("Set-Cookie") or ())
