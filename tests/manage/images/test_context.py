from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from manage.images import context, recipe


def names(archive: tarfile.TarFile) -> list[str]:
    return archive.getnames()


def test_the_build_sees_what_the_recipe_names_and_nothing_else(checkout: Path) -> None:
    (checkout / "services/other").mkdir()
    (checkout / "services/other/secret").write_text("x")
    with context.pack(recipe.load(checkout)["clock"], checkout=checkout) as file, tarfile.open(fileobj=file) as archive:
        assert names(archive) == ["Dockerfile", "services/clock/__main__.py"]


def test_the_context_does_not_depend_on_owners_and_times(checkout: Path) -> None:
    entry = recipe.load(checkout)["clock"]
    with context.pack(entry, checkout=checkout) as file:
        before = hashlib.sha256(file.read()).hexdigest()
    (checkout / "services/clock/__main__.py").touch()
    (checkout / "services/clock/__main__.py").chmod(0o640)
    with context.pack(entry, checkout=checkout) as file:
        assert hashlib.sha256(file.read()).hexdigest() == before


def test_certificates_go_to_the_recipe_that_asks_for_them(checkout: Path) -> None:
    recipes = recipe.load(checkout)
    company = {"company.crt": b"PEM"}
    with (
        context.pack(recipes["base"], certificates=company, checkout=checkout) as file,
        tarfile.open(fileobj=file) as archive,
    ):
        assert "certificates/company.crt" in names(archive)
    with (
        context.pack(recipes["clock"], certificates=company, checkout=checkout) as file,
        tarfile.open(fileobj=file) as archive,
    ):
        assert not [name for name in names(archive) if name.startswith("certificates")]


def test_the_folder_for_certificates_is_there_on_a_host_that_has_none(checkout: Path) -> None:
    with context.pack(recipe.load(checkout)["base"], checkout=checkout) as file, tarfile.open(fileobj=file) as archive:
        assert "certificates/README" in names(archive)


def test_programs_arrive_executable(checkout: Path) -> None:
    program = checkout / "prebuilt"
    program.write_bytes(b"\x7fELF")
    entry = recipe.load(checkout)["clock"]
    with (
        context.pack(entry, programs={"noded": program}, checkout=checkout) as file,
        tarfile.open(fileobj=file) as archive,
    ):
        assert archive.getmember("programs/noded").mode == 0o755
