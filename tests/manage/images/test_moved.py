"""A recipe that moves into its service's folder keeps its fingerprint, so the move rebuilds no image."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage.images import recipe


@pytest.mark.promise("A recipe that moves into the folder of its service rebuilds no image", runs="ci")
def test_a_recipe_keeps_its_fingerprint_when_it_moves_into_the_folder_of_its_service(checkout: Path) -> None:
    before = recipe.fingerprint("clock", recipe.load(checkout), checkout=checkout)
    service = checkout / "profiles/services/wall"
    service.mkdir(parents=True)
    (service / "service.yml").write_text("image: clock\n")
    (checkout / "images/clock").rename(service / "image")

    moved = recipe.load(checkout)

    assert moved["clock"].folder == "profiles/services/wall/image"
    assert recipe.fingerprint("clock", moved, checkout=checkout) == before
