"""Images are built by the real engine; what other tests built already is reused, as on a user's machine."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from manage.engine.client import connect
from manage.errors import NodeyardError
from manage.events import Event, Progress
from manage.images import build, ensure, lock, model, parallel, recipe, store
from manage.images.environment import BuildEnvironment
from manage.installation.layout import Layout
from tests.engine import tiny


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_our_images_are_built_and_locked_and_a_second_time_nothing_is_done(layout: Layout) -> None:
    ensure.images(("sandbox", "tracker"), layout, lambda _event: None)
    first = lock.entries(layout)
    events: list[Event] = []
    again = ensure.images(("sandbox", "tracker"), layout, events.append)

    assert events == []
    assert _seconds(("sandbox", "tracker"), layout) < 1
    assert again == {name: entry.image for name, entry in first.items()}
    with connect() as api:
        for entry in first.values():
            details = api.inspect_image(entry.image.reference)
            assert details["Id"] == entry.engine_id
            assert details["Config"]["Labels"]["io.nodeyard.image"] == entry.image.name
            assert details["Config"]["Labels"]["io.nodeyard.recipe"] == entry.image.recipe


def test_a_build_leaves_neither_its_stages_nor_the_hosts_pip_settings(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "179")
    reference = ensure.images(("pyservices",), layout, lambda _event: None)["pyservices"].reference
    with connect() as api:
        assert api.images(filters={"label": f"{model.LABEL_STAGE}=pyservices"}, all=True) == []
        assert "PIP_" not in str(api.history(reference))


def test_an_image_whose_tag_was_lost_is_made_again(layout: Layout) -> None:
    reference = ensure.images(("tracker",), layout, lambda _event: None)["tracker"].reference
    with connect() as api:
        api.tag(reference, "localhost/nodeyard-test/keep", "tracker")
        api.remove_image(reference)
    events: list[Event] = []
    try:
        ensure.images(("tracker",), layout, events.append)
    finally:
        with connect() as api:
            api.remove_image("localhost/nodeyard-test/keep:tracker")

    assert [event.kind for event in events if event.kind != "log"] == ["step", "done"]


def test_a_failing_build_shows_its_last_lines_and_where_the_whole_log_is(layout: Layout, tmp_path: Path) -> None:
    base = ensure.images(("base",), layout, lambda _event: None)["base"].reference
    broken = model.Recipe("broken", "dockerfile", "images/broken")
    dockerfile = f"FROM {base}\nLABEL io.nodeyard.image=broken\nRUN echo the disk is full && exit 3\n"
    (tmp_path / "images/broken").mkdir(parents=True)
    (tmp_path / "images/broken/Dockerfile").write_text(dockerfile)
    with connect() as api:
        setting = BuildEnvironment(api, {"broken": broken}, layout, "local", {}, lambda _event: None)
        with pytest.raises(NodeyardError, match="Building image broken failed") as caught:
            build.make(build.Job(broken, "localhost/nodeyard-test/broken:1", "0" * 64, base), setting, tmp_path)

    assert "the disk is full" in caught.value.hint
    assert str(layout.log_dir / "image-broken.log") in caught.value.hint


def test_an_interrupted_build_ends_with_its_container(layout: Layout, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a build: the thread ends, the engine hears of it, and no container runs on."""
    endless = model.Recipe("endless", "dockerfile", "images/endless")
    (tmp_path / "images/endless").mkdir(parents=True)

    def interrupt(event: Event) -> None:
        if event.kind == "log":
            raise KeyboardInterrupt

    with connect() as api:
        base, _digest = tiny.ensure(api)
        dockerfile = f"FROM {base}\nRUN while :; do echo endless; sleep 0.2; done\n"
        (tmp_path / "images/endless/Dockerfile").write_text(dockerfile)
        setting = BuildEnvironment(api, {"endless": endless}, layout, "local", {}, lambda _event: None)

        def make(_name: str, progress: Progress) -> None:
            job = build.Job(endless, "localhost/nodeyard-test/endless:1", "0" * 64, base)
            build.make(job, replace(setting, progress=progress), tmp_path)

        with pytest.raises(KeyboardInterrupt):
            parallel.run({"endless": ""}, make, lambda *_: None, interrupt, workers=1, cancelled=setting.cancelled)
        deadline = time.monotonic() + 20
        while any("echo endless" in container["Command"] for container in api.containers()):
            assert time.monotonic() < deadline, "the build's container still runs"
            time.sleep(0.2)


def test_the_digest_of_an_image_is_that_of_its_saved_configuration(layout: Layout) -> None:
    """Engines with the containerd store are asked in this way; here both ways give the same answer."""
    reference = ensure.images(("tracker",), layout, lambda _event: None)["tracker"].reference
    with connect() as api:
        assert store.saved_config_digest(api, reference) == store.config_digest(api, reference)


def test_every_recipe_of_this_installation_converges_within_a_second_once_built(layout: Layout) -> None:
    names = [name for name in recipe.load() if name not in ("bitcoind", "kaspad", "manager")]
    ensure.images(names, layout, lambda _event: None)
    assert _seconds(names, layout) < 1


def _seconds(names: Iterable[str], layout: Layout) -> float:
    """How long it takes to find these images in place: the best of three, as other work takes processor time."""
    took = []
    for _ in range(3):
        started = time.monotonic()
        ensure.images(names, layout, lambda _event: None)
        took.append(time.monotonic() - started)
    return min(took)
