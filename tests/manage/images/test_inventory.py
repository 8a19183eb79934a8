"""Which images have to be made before others, by what the engine has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manage.images import lock, recipe
from manage.images.environment import BuildEnvironment
from manage.images.inventory import Inventory
from manage.images.model import ImageSource, reference
from manage.installation.layout import Layout
from manage.render.model import Image

RECIPES = recipe.load()


class Engine:
    """An engine that has some images of ours, and upstream images by reference."""

    def __init__(self, ours: tuple[str, ...] = (), upstream: Mapping[str, str] | None = None) -> None:
        self._ours = ours
        self._upstream = dict(upstream or {})

    def images(self, **_filters: Any) -> list[dict[str, Any]]:
        return [{"Id": f"sha256:{tag}", "RepoTags": [tag]} for tag in self._ours]

    def inspect_image(self, name: str) -> dict[str, str]:
        from docker.errors import ImageNotFound

        if name not in self._upstream:
            raise ImageNotFound(name)
        return {"Id": self._upstream[name]}


def inventory(
    tmp_path: Path,
    engine: Engine,
    source: ImageSource = "local",
    pulled: Mapping[str, str] | None = None,
    earlier: Mapping[str, lock.Locked] | None = None,
) -> Inventory:
    environment = BuildEnvironment(engine, RECIPES, Layout(tmp_path), source, {}, lambda _event: None)
    return Inventory(environment, pulled or {}, earlier or {})


def tag(name: str, source: ImageSource = "local") -> str:
    return reference(name, recipe.fingerprint(name, RECIPES, source, {}))


def test_on_an_empty_engine_everything_down_to_the_root_is_missing(tmp_path: Path) -> None:
    assert inventory(tmp_path, Engine()).missing(("tracker", "nginx")) == {
        "tracker": "pyservices",
        "pyservices": "base",
        "base": "root",
        "root": "",
        "nginx": "base",
    }


def test_what_the_engine_has_is_not_made_again_and_bases_are_only_made_where_needed(tmp_path: Path) -> None:
    engine = Engine((tag("base"), tag("tracker")))
    assert inventory(tmp_path, engine).missing(("tracker", "nginx")) == {"nginx": "base"}


def test_where_the_base_is_pulled_no_root_is_made(tmp_path: Path) -> None:
    debian = "debian:trixie-slim"
    found = inventory(tmp_path, Engine(), "upstream", {debian: debian}).missing(("tracker",))
    assert found == {"tracker": "pyservices", "pyservices": "base", "base": debian, debian: ""}


def test_an_upstream_image_is_pulled_until_the_engine_has_the_one_that_was_locked(tmp_path: Path) -> None:
    locked = {"nginx": lock.Locked(Image("nginx", "nginx@sha256:aa", "sha256:bb"), "upstream", "sha256:cc")}
    pulled = {"nginx": "nginx:1"}
    for engine, missing in (
        (Engine(), {"nginx": ""}),
        (Engine(upstream={"nginx@sha256:aa": "sha256:other"}), {"nginx": ""}),
        (Engine(upstream={"nginx@sha256:aa": "sha256:cc"}), {}),
    ):
        assert inventory(tmp_path, engine, "upstream", pulled, locked).missing(("nginx",)) == missing
    assert inventory(tmp_path, Engine(), "upstream", pulled).missing(("nginx",)) == {"nginx": ""}
