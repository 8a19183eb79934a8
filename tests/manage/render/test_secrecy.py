"""Rendered text contains no secret value: the render reads nothing in the installation's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manage import config as configuration
from manage.catalog import Catalog
from manage.render import image_names, render_manager, render_stack, secret_uses, spec_document
from manage.render.model import Image
from tests.manage.render.conftest import INSTALLATION, SANDBOX

MARK = "c0ffee-secret-value"


@pytest.mark.promise("Rendered text contains no secret value", runs="ci")
def test_rendered_text_never_contains_values_from_the_secret_folders(catalog: Catalog, tmp_path: Path) -> None:
    config = configuration.parse(f"version: 1\n{SANDBOX}", "stack.yml", catalog)
    for use in secret_uses(catalog, config, INSTALLATION.id):
        for folder in (tmp_path / "secrets", tmp_path / "run/secrets" / use.service):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{use.name}_g1").write_text(MARK)
    images = {name: Image(name, name, name) for name in image_names(catalog, config)}
    stack = render_stack(catalog, config, INSTALLATION, images, {}, tmp_path)
    for part in (stack, render_manager(catalog, config, INSTALLATION, images, {}, tmp_path, stack)):
        assert MARK not in part.compose_yaml
        for spec in part.services:
            assert MARK not in json.dumps(spec_document(spec))
