"""How the engine's JSON is read; shapes as in its API 1.41 (GET /containers/ID/json, GET /containers/ID/stats)."""

from __future__ import annotations

import json

import pytest

from manage.engine import facts, logs, observer

INSPECTED = {
    "Id": "f0",
    "Name": "/nodeyard-tracker-1",
    "Image": "sha256:engine-id",
    "RestartCount": 2,
    "State": {
        "Status": "exited",
        "ExitCode": 137,
        "OOMKilled": True,
        "StartedAt": "2026-11-21T11:44:02.25Z",
    },
    "Config": {
        "Labels": {
            "com.docker.compose.project": "nodeyard",
            "com.docker.compose.service": "tracker",
            "com.docker.compose.config-hash": "hash",
            "io.nodeyard.installation": "ab12cd34",
            "io.nodeyard.service": "tracker",
            "io.nodeyard.spec": "spec",
        }
    },
    "HostConfig": {"Memory": 1024},
    "NetworkSettings": {"Networks": {"nodeyard_front": {}, "nodeyard_chain": {}}},
}


def test_facts_of_a_container_are_read_from_its_inspection() -> None:
    found = facts.container(INSPECTED, {"sha256:engine-id": "sha256:config"})
    assert (found.service, found.project, found.installation) == ("tracker", "nodeyard", "ab12cd34")
    assert (found.state, found.exit_code, found.oom_killed, found.restarts) == ("exited", 137, True, 2)
    assert (found.memory_bytes, found.networks) == (1024, ("nodeyard_chain", "nodeyard_front"))
    assert found.image_digest == "sha256:config"


def test_an_image_id_that_the_lock_does_not_know_stands_for_itself() -> None:
    assert facts.container(INSPECTED, {}).image_digest == "sha256:engine-id"


def test_a_container_without_our_labels_belongs_to_nobody_of_ours() -> None:
    bare = {**INSPECTED, "Config": {"Labels": None}}
    assert facts.container(bare, {}).installation == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00.5Z", 60.5),
        ("1970-01-01T01:01:00.123456789+01:00", 60.123456789),
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
    ],
)
def test_the_engines_times_are_read(text: str, seconds: float) -> None:
    assert facts.timestamp(text) == pytest.approx(seconds)


def test_a_log_line_is_split_from_its_time() -> None:
    line = b"2026-11-21T11:44:02.123456789Z tip 0.4 s old\r"
    assert logs.split(line) == ("2026-11-21T11:44:02Z", "tip 0.4 s old")
    assert logs.split(line, exact=True) == ("2026-11-21T11:44:02.123456789Z", "tip 0.4 s old")
    assert logs.split(b"2026-11-21T11:44:02Z \xff") == ("2026-11-21T11:44:02Z", "\ufffd")


@pytest.mark.parametrize("cache", ["total_inactive_file", "inactive_file"])
def test_used_memory_leaves_out_the_page_cache_of_either_cgroup_version(cache: str) -> None:
    assert observer.used_memory({"memory_stats": {"usage": 1000, "stats": {cache: 300}}}) == 700


def test_used_memory_of_a_container_that_has_just_ended_is_nothing() -> None:
    assert observer.used_memory(json.loads('{"memory_stats": {}}')) == 0


def test_processor_use_is_a_share_of_one_processor_since_the_last_look() -> None:
    now = {"cpu_stats": {"cpu_usage": {"total_usage": 700}, "system_cpu_usage": 3000, "online_cpus": 2}}
    assert observer.cpu_percent(now, (500, 2000)) == 40.0
    assert observer.cpu_percent(now, (0, 0)) == 0.0
