"""watch.json is replaced while watch runs: a service appears, leaves, or the file is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manage.watch.process import Watch, service
from tests.manage.watch.servers import Http

READY = {"ready": True, "reason": "", "waits_for": [], "followed": 3, "last_event_age_s": 0.5}


@pytest.mark.promise("watch asks what a new list names and keeps what it knows of the others", runs="ci")
def test_a_service_appears_and_leaves_while_watch_runs(tmp_path: Path) -> None:
    with Http(READY) as first, Http(READY) as second:
        one = service("tracker", port_http=first.port)
        other = service("shop", driver="http", port_http=second.port, options={"path": "/ready"})
        with Watch(tmp_path, [one]) as watch:
            watch.until_verdict("tracker", "healthy")
            pid, since = watch.pid, watch.status("tracker").since
            watch.list_again([one, other])
            watch.until(lambda: "shop" in names(watch), "the new service")
            watch.until_verdict("shop", "healthy")
            watch.list_again([one])
            watch.until(lambda: "shop" not in names(watch), "its end")
            assert (watch.pid, watch.status("tracker").since) == (pid, since)


def test_a_list_that_cannot_be_used_leaves_the_earlier_one_in_force(tmp_path: Path) -> None:
    with Http(READY) as tracker, Watch(tmp_path, [service("tracker", port_http=tracker.port)]) as watch:
        watch.until_verdict("tracker", "healthy")
        (tmp_path / "watch.json").write_text("{")
        seen = watch.seq
        watch.until(lambda: watch.seq > seen + 2, "more snapshots")
        watch.list_again([service("tracker", driver="no-such-driver", port_http=tracker.port)])
        seen = watch.seq
        watch.until(lambda: watch.seq > seen + 2, "more snapshots")
        assert watch.status("tracker").verdict == "healthy"


def names(watch: Watch) -> list[str]:
    return [status.name for status in watch.snapshot.services]
