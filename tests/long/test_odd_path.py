"""A whole sandbox in a folder whose name is syntax elsewhere, set up by a root with umask 077 and without UTF-8."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.journeys.installed import INSTALLATIONS, Installed, set_up, until

NAME = "odd a b$c%d'e\"f\\g`h;i&j#k(l)"
LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def odd() -> Iterator[Installed]:
    INSTALLATIONS.mkdir(parents=True, exist_ok=True)
    before = os.umask(0o077)
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in LOCALE.items():
                environment.setenv(name, value)
            with set_up(NAME, "--profile", "sandbox") as installed:
                yield installed
    finally:
        os.umask(before)


@pytest.mark.promise(
    "A sandbox runs in a folder with spaces, quotes, $, %, ; and & in its name, also with umask 077 and without UTF-8",
    runs="long",
)
def test_every_service_is_healthy_and_nothing_is_left_to_do(odd: Installed) -> None:
    until(lambda: {verdict for verdict, _ in odd.verdicts().values()} == {"healthy"}, 60, "all healthy")
    assert odd.run("plan", expect=None).returncode == 0
    assert odd.http("/tracker/api/portfolio", token=odd.token()).status == 200
