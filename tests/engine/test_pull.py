"""Pulls from a real registry: Debian's docker-registry on loopback, filled with a small image of our own."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manage.errors import NodeyardError
from manage.images import pull, source, store, unpinned
from tests.engine import tiny

CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """`127.0.0.1:PORT` of an empty registry; an engine trusts loopback without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = tmp_path / "registry.yml"
    config.write_text(CONFIG.format(folder=tmp_path / "store", port=port))
    with subprocess.Popen(["docker-registry", "serve", str(config)], stderr=subprocess.DEVNULL) as server:
        try:
            _wait(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait(port: int, deadline_s: float = 20) -> None:
    end = time.monotonic() + deadline_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, "the registry does not listen"
        else:
            return


def publish(engine: Any, reference: str, version: str) -> None:
    """Push a tiny image with that text in it, and forget it here."""
    import python_on_whales

    built, _digest = tiny.ensure(engine, f"clock-{version}")
    engine.tag(built, reference.rpartition(":")[0], reference.rpartition(":")[2])
    python_on_whales.docker.image.push(reference, quiet=True)
    engine.remove_image(reference)


@pytest.mark.promise(
    "With `images.source: upstream`, the first pull takes images by tag and locks them by digest (loopback registry)",
    runs="ci",
)
def test_the_first_pull_locks_a_digest_and_a_tag_that_moves_changes_nothing(engine: Any, registry: str) -> None:
    reference = f"{registry}/nodeyard-test/clock:1"
    publish(engine, reference, "1")
    first = pull.locked("clock", reference, None, engine, lambda _event: None)
    publish(engine, reference, "2")
    second = pull.locked("clock", reference, first, engine, lambda _event: None)
    engine.remove_image(first.image.reference, force=True)
    third = pull.locked("clock", reference, second, engine, lambda _event: None)
    engine.remove_image(third.image.reference, force=True)

    assert first.image.reference.startswith(f"{registry}/nodeyard-test/clock@sha256:")
    assert second == first
    assert third.image == first.image


@pytest.mark.promise("What a person confirmed is what is pulled, even if the tag moves in between", runs="ci")
def test_the_digest_that_was_confirmed_is_pulled_although_the_tag_moved(engine: Any, registry: str) -> None:
    reference = f"{registry}/nodeyard-test/clock:1"
    publish(engine, reference, "1")
    shown: list[unpinned.Unpinned] = []

    def confirm(images: tuple[unpinned.Unpinned, ...]) -> None:
        shown.extend(images)
        publish(engine, reference, "2")

    pinned = unpinned.pin({"clock": reference}, {}, engine, confirm)
    entry = pull.locked("clock", pinned["clock"], None, engine, lambda _event: None)
    labels = engine.inspect_image(entry.image.reference)["Config"]["Labels"]
    engine.remove_image(entry.image.reference, force=True)

    assert [image.exact for image in shown] == [entry.image.reference]
    assert labels["flavour"] == "clock-1"


def test_without_consent_nothing_is_pulled(engine: Any, registry: str) -> None:
    reference = f"{registry}/nodeyard-test/clock:1"
    publish(engine, reference, "1")
    with pytest.raises(NodeyardError, match=f"clock: {registry}/nodeyard-test/clock@sha256:"):
        unpinned.pin({"clock": reference}, {}, engine, unpinned.refuse)
    assert not store.has(engine, reference)


def test_an_image_that_the_registry_does_not_have_is_named_with_what_to_do(engine: Any, registry: str) -> None:
    with pytest.raises(NodeyardError, match="clock:9 could not be pulled") as caught:
        pull.locked("clock", f"{registry}/nodeyard-test/clock:9", None, engine, lambda _event: None)
    assert "images.source: local" in caught.value.hint


@pytest.mark.promise("The image source is decided once, by whether the registry answers", runs="ci")
def test_the_source_is_decided_by_whether_the_registry_answers(engine: Any, registry: str) -> None:
    reference = f"{registry}/nodeyard-test/clock:1"
    publish(engine, reference, "1")

    assert source.registry_answers(reference, 10)
    assert not source.registry_answers("127.0.0.1:1/nodeyard-test/clock:1", 10)
