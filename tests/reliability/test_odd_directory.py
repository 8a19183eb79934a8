"""An installation and a chain folder whose paths hold what Compose reads as a variable, as a whole stack has them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage import config as configuration
from manage.apply import files
from manage.catalog import load_catalog
from manage.engine import compose_cli
from manage.render import image_names, own_template, render_stack
from manage.render.model import Image, Installation, Stack

ODD = ["a b", "$HOME", "${HOME}", "$$", "a$b%c'd\"e\\f"]
PROFILES = {
    "sandbox": "profiles: [sandbox]\n",
    "chain folder": "profiles: [bitcoin]\nnetwork: private\nstorage: {chain_dirs: {bitcoind: '%s/ssd'}}\n",
}


def stack_in(directory: Path, text: str) -> Stack:
    catalog = load_catalog()
    text = text.replace("%s", str(directory).replace("'", "''"))
    config = configuration.parse(f"version: 1\n{text}", "stack.yml", catalog)
    names = image_names(catalog, config)
    images = {name: Image(name, f"localhost/nodeyard/{name}:1", f"sha256:{name}") for name in names}
    return render_stack(catalog, config, Installation("0123abcd", "yard"), images, {}, directory)


def as_compose_reads(stack: Stack, folder: Path) -> dict[str, Any]:
    file = folder / "compose.yml"
    file.write_text(stack.compose_yaml, encoding="utf-8")
    command = compose_cli.argv(compose_cli.ComposeProject("odd", file, folder), "config", "--format", "json")
    done = subprocess.run(command, env=compose_cli.environment(), capture_output=True, text=True, check=True)
    assert "variable is not set" not in done.stderr
    document: dict[str, Any] = yaml.safe_load(done.stdout)
    return document


@pytest.mark.promise(
    "A whole stack is rendered for a folder with $ in its path, and Compose reads each path as it is", runs="ci"
)
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("profile", PROFILES)
def test_compose_reads_each_path_of_a_stack_as_it_is(tmp_path: Path, name: str, profile: str) -> None:
    directory = tmp_path / name
    stack = stack_in(directory, PROFILES[profile])
    document = as_compose_reads(stack, tmp_path)
    mounts = [mount for service in document["services"].values() for mount in service.get("volumes", ())]
    paths = [mount["source"] for mount in mounts if mount["type"] == "bind"]
    paths += [secret["file"] for secret in document.get("secrets", {}).values()]
    assert len(paths) > 2
    assert [path for path in paths if not path.replace("$$", "$").startswith(f"{directory}/")] == []


@pytest.mark.parametrize("name", ODD)
def test_the_folders_that_are_made_are_those_that_are_mounted(tmp_path: Path, name: str) -> None:
    bitcoind = stack_in(tmp_path / name, PROFILES["chain folder"]).service("bitcoind")
    assert tmp_path / name / "ssd" in list(files.bind_sources(bitcoind.compose))


@pytest.mark.promise("A service of the operator cannot mount the installation's folder by writing $ as $$", runs="ci")
def test_an_escaped_path_is_still_the_installations_folder(tmp_path: Path) -> None:
    mount = {"type": "bind", "source": "/srv/a$$b/secrets", "target": "/x"}
    assert list(own_template.problems({"volumes": [mount]}, [], "/srv/a$b"))
    assert not list(own_template.problems({"volumes": [mount]}, [], "/srv/other"))
