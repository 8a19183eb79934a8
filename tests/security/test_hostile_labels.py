"""Labels come from images too, which anybody may have made: none of them leads out of a folder or stops a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from manage.engine import facts
from manage.engine.reader import Reader
from manage.installation.identity import Installation
from tests.stage.engines import Engine, Respond, answer

LABELS = {
    "com.docker.compose.project": "nodeyard",
    "com.docker.compose.service": "\x1b[2Jx",
    "com.docker.compose.config-hash": "h",
}


@pytest.mark.promise("No label of a foreign container stops a plan or reads a file elsewhere", runs="ci")
@pytest.mark.parametrize("digest", ["../elsewhere", "a\0b", "x" * 5000, "/etc/passwd", "\x1b[2J", "a/../../elsewhere"])
def test_a_spec_label_is_no_path(engine: Callable[[Respond], Engine], tmp_path: Path, digest: str) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "elsewhere.json").write_text('{"version": 1, "stolen": true}')
    labels = {**LABELS, "io.nodeyard.spec": digest}
    inspected = {
        "Id": "f0", "Name": "/foreign", "Image": "sha256:x", "State": {"Status": "running"},
        "Config": {"Labels": labels}, "HostConfig": {}, "NetworkSettings": {},
    }  # fmt: skip
    bodies = {
        "/containers/json": [{"Id": "f0", "Labels": labels}],
        "/containers/f0/json": inspected,
        "/volumes": {"Volumes": None},
        "/networks": [],
    }
    engine(lambda target: [answer(json.dumps(bodies.get(target.partition("?")[0], {})).encode())])
    installation = Installation("ab12cd34", "nodeyard")
    found = facts.read(facts.ask(Reader(), installation), installation, tmp_path / "specs")
    assert found.known_specs == {}
    assert [container.name for container in found.containers] == ["foreign"]
