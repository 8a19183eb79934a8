"""`watch.json` is read strictly: every fault is a sentence that names the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from manage.errors import NodeyardError
from manage.health.watch import config
from tests.manage.watch.process import service


def loaded(folder: Path, *services: dict[str, Any], **document: Any) -> config.WatchConfig:
    path = folder / "watch.json"
    path.write_text(
        json.dumps({"version": 1, "name": "home", "network": "private", "services": list(services), **document})
    )
    return config.load(path, folder)


def test_thresholds_and_options_of_the_document_reach_the_target(tmp_path: Path) -> None:
    proxy = service(
        "proxy", driver="http", thresholds={"max_silence_s": 5}, options={"path": "/up"}, database="x_private"
    )
    target = loaded(tmp_path, proxy).targets[0]
    assert target.thresholds == {"max_silence_s": 5.0}
    assert target.options == {"port": "http", "path": "/up", "status": 200, "rules": []}
    assert (target.database, target.databases) == ("x_private", ("x_private",))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (service("kaspad", thresholds={"max_tipage_s": 1}), "kaspad: The driver kaspad has no threshold max_tipage_s"),
        (service("kaspad", thresholds={"min_peers": "1"}), "kaspad: health.thresholds.min_peers must be a number"),
        (service("web", driver="http", options={"paht": "/"}), "web: health.options.paht is not an option"),
        (service("cache", driver="line", options={"port": "redis"}), "cache: health.options.expect is missing"),
        (service("odd", driver="nonsense"), "The health driver nonsense has no declaration"),
        ({"name": "x"}, "lacks the key 'driver'"),
    ],
)
def test_a_faulty_entry_is_refused_with_a_sentence(tmp_path: Path, entry: dict[str, Any], words: str) -> None:
    with pytest.raises(NodeyardError) as raised:
        loaded(tmp_path, entry)
    assert words in raised.value.message
    assert raised.value.message.endswith(".")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"version": 2}, "was written by a newer manage"),
        ({"version": "1"}, "has no version"),
        ({"network": "moonnet"}, "is not valid: network moonnet"),
        ({"services": 5}, "is not valid"),
    ],
)
def test_a_faulty_document_is_refused_with_a_sentence(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    with pytest.raises(NodeyardError, match=words):
        loaded(tmp_path, **document)
