"""Numbers of `nodeclients.links` that other languages repeat, and the pauses between attempts."""

from __future__ import annotations

import itertools
import re

import pytest
from nodeclients.links import DASHBOARD_PAGE, LINKS, ORACLE_PAGE, PROXY, Retry

from manage.installation.layout import CHECKOUT


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("services/oracle/web/page/connection.js", r"SILENT_MS = (\d+);", ORACLE_PAGE.deadline_s * 1000),
        ("services/oracle/web/page/connection.js", r"FIRST_MS = (\d+);", ORACLE_PAGE.retry.first_s * 1000),
        ("services/oracle/web/page/connection.js", r"SLOWEST_MS = (\d+);", ORACLE_PAGE.retry.longest_s * 1000),
        ("manage/web/static/live.js", r"TIMEOUT_MS = (\d+);", DASHBOARD_PAGE.deadline_s * 1000),
        (
            "profiles/services/proxy/files/nginx.conf.j2",
            r"proxy_connect_timeout 3s;\s+proxy_read_timeout (\d+)s;",
            PROXY.deadline_s,
        ),
    ],
)
def test_the_numbers_of_pages_and_proxy_are_those_of_the_table(path: str, pattern: str, expected: float) -> None:
    found = re.findall(pattern, (CHECKOUT / path).read_text(encoding="utf-8"))
    assert list(map(int, found)) == [expected]


def test_pauses_double_up_to_the_longest_and_never_coincide() -> None:
    pauses = list(itertools.islice(Retry(0.1, 0.6).pauses(), 6))
    for pause, full in zip(pauses, (0.1, 0.2, 0.4, 0.6, 0.6, 0.6), strict=True):
        assert full / 2 <= pause <= full
    assert len({next(Retry(1.0, 1.0).pauses()) for _ in range(100)}) > 90


def test_every_connection_has_a_deadline_that_a_person_would_wait() -> None:
    assert [link.ends for link in LINKS if not 0 < link.deadline_s <= 60] == []
