"""A source package with another sum is not built: neither a compiler nor a script of it runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.engine.client import Api, connect
from manage.events import silent
from manage.images import context, ensure, host_settings, recipe, store
from manage.installation import identity
from manage.installation.layout import CHECKOUT, Layout

TAG = "localhost/nodeyard-test/other-source:1"


@pytest.fixture
def engine() -> Iterator[Api]:
    with connect(timeout_s=1800) as api:
        yield api
        store.remove_stages(api)


@pytest.mark.promise("A kaspad or bitcoind of which the source has another sum is not built", runs="real")
@pytest.mark.parametrize(("program", "file"), [("kaspad", "crate.sha256"), ("bitcoind", "source.txt")])
def test_a_source_with_another_sum_is_not_built(engine: Api, tmp_path: Path, program: str, file: str) -> None:
    layout = Layout(tmp_path / "installation")
    identity.create(layout)
    base = ensure.images(["base"], layout, silent)["base"].reference
    checkout = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "profiles", checkout / "profiles")
    shutil.copytree(CHECKOUT / "images", checkout / "images")
    sums = checkout / "profiles" / "services" / program / "image" / file
    sums.write_text(sums.read_text().replace("71b91eec", "00000000").replace("c85cc9ee", "00000000"))
    assert "00000000" in sums.read_text()

    entry = recipe.load(checkout)[program]
    arguments = {**host_settings.build_arguments(), "BASE": base}
    lines: list[str] = []
    with (
        context.pack(entry, "compile.Dockerfile", checkout=checkout) as archive,
        pytest.raises(store.BuildFailed),
    ):
        for line in store.build(engine, archive, TAG, arguments, {}):
            lines.append(line)
    output = "\n".join(lines)
    assert "FAILED" in output or "THESE PACKAGES DO NOT MATCH THE HASHES" in output
    assert "Compiling" not in output and "Building CXX" not in output
