from __future__ import annotations

from pathlib import Path

import pytest

from manage.errors import NodeyardError
from manage.images import ensure, lock, pull, source
from manage.images.model import ImageSource
from manage.installation.layout import Layout
from manage.render.model import Image


def test_a_registry_that_answers_makes_upstream_the_source() -> None:
    decision = source.from_answer("debian:trixie-slim", True)

    assert decision.source == "upstream"
    assert "answers" in decision.sentence


def test_a_registry_that_is_silent_makes_this_host_the_source() -> None:
    decision = source.from_answer("debian:trixie-slim", False)

    assert decision.source == "local"
    assert "cannot be reached" in decision.sentence


@pytest.mark.parametrize("began", ["local", "upstream"])
def test_the_source_never_flips_once_images_are_locked(tmp_path: Path, began: ImageSource) -> None:
    layout = Layout(tmp_path)
    lock.write(layout, {"timescaledb": lock.Locked(Image("timescaledb", "x", "sha256:aa"), began, "sha256:aa")})

    assert source.decide(layout).source == began


def test_an_image_without_a_recipe_is_refused_by_name() -> None:
    with pytest.raises(NodeyardError, match="image grafana cannot be built on this host"):
        ensure.require_known(("nginx", "grafana"), {"nginx"}, "local")


def test_an_image_without_an_upstream_is_refused_by_name() -> None:
    with pytest.raises(NodeyardError, match="image grafana cannot be pulled"):
        ensure.require_known(("nginx", "grafana"), {"nginx"}, "upstream")


@pytest.mark.parametrize(
    ("reference", "exact"),
    [
        ("nginx:1.29", "nginx@sha256:aa"),
        ("timescale/timescaledb:2.19.3-pg17", "timescale/timescaledb@sha256:aa"),
        ("127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b@sha256:aa"),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b@sha256:aa"),
    ],
)
def test_a_digest_takes_the_place_of_the_tag(reference: str, exact: str) -> None:
    assert pull.by_digest(reference, "sha256:aa") == exact
