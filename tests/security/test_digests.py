"""Upstream images are pulled by digests that the file records or that a person confirmed, never by a tag alone."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from manage.cli.consent import DigestReview
from manage.errors import NodeyardError
from manage.images import lock, pull, recipe, unpinned
from manage.images.unpinned import Unpinned
from manage.render.model import Image

CHECKOUT = Path(__file__).resolve().parents[2]
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


class Engine:
    """An engine that asks registries with these answers, and has images that were pulled under these digests."""

    def __init__(self, answers: Mapping[str, str], pulled: Mapping[str, str] | None = None) -> None:
        self._answers = answers
        self._pulled = pulled or {}

    def inspect_image(self, reference: str) -> dict[str, Any]:
        from docker.errors import ImageNotFound

        if reference not in self._pulled:
            raise ImageNotFound(reference)
        return {"RepoDigests": [pull.by_digest(reference, self._pulled[reference])]}

    def inspect_distribution(self, reference: str) -> dict[str, Any]:
        from docker.errors import APIError

        if reference not in self._answers:
            raise APIError("no route to the registry")
        return {"Descriptor": {"digest": self._answers[reference]}}


def locked(reference: str) -> lock.Locked:
    return lock.Locked(Image("nginx", reference, ONE), "upstream", ONE)


@pytest.mark.promise(
    "The first pull of an upstream image without a recorded digest shows every digest and asks once", runs="ci"
)
def test_a_person_is_asked_once_about_all_images_without_a_digest() -> None:
    asked: list[tuple[Unpinned, ...]] = []
    wanted = {"nginx": "nginx:1", "kaspad": "a/kaspad:2", "python": f"python@{TWO}"}
    pinned = unpinned.pin(wanted, {}, Engine({"nginx:1": ONE, "a/kaspad:2": TWO}), asked.append)
    [images] = asked
    assert [(image.name, image.exact) for image in images] == [("nginx", f"nginx@{ONE}"), ("kaspad", f"a/kaspad@{TWO}")]
    assert pinned == {"nginx": f"nginx@{ONE}", "kaspad": f"a/kaspad@{TWO}", "python": f"python@{TWO}"}


def test_an_image_that_the_engine_pulled_already_is_asked_about_too() -> None:
    with pytest.raises(NodeyardError, match=f"nginx@{ONE}"):
        unpinned.pin({"nginx": "nginx:1"}, {}, Engine({}, {"nginx:1": ONE}), unpinned.refuse)


def test_what_was_locked_before_stays_and_nobody_is_asked() -> None:
    earlier = {"nginx": locked(f"nginx@{ONE}")}
    pinned = unpinned.pin({"nginx": "nginx:1"}, earlier, Engine({"nginx:1": TWO}), unpinned.refuse)
    assert pinned == {"nginx": f"nginx@{ONE}"}


@pytest.mark.promise(
    "`--yes` accepts only digests from images/upstream.yml; without them it exits 1 with the list", runs="ci"
)
@pytest.mark.parametrize("yes", [True, False])
def test_yes_and_a_pipe_confirm_no_digest(monkeypatch: pytest.MonkeyPatch, yes: bool) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("pull\n"))
    with pytest.raises(NodeyardError) as refused:
        DigestReview(yes=yes)((Unpinned("nginx", "nginx:1", ONE), Unpinned("kaspad", "a/kaspad:2", TWO)))
    assert refused.value.exit_code == 1
    assert f"nginx: nginx@{ONE}" in refused.value.message
    assert f"kaspad: a/kaspad@{TWO}" in refused.value.message
    assert "images.source local" in refused.value.hint


@pytest.mark.parametrize(("typed", "agrees"), [("pull", True), ("yes", False), ("", False)])
def test_at_a_terminal_the_digests_are_shown_and_the_word_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, agrees: bool
) -> None:
    terminal = io.StringIO(f"{typed}\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", terminal)
    images = (Unpinned("nginx", "nginx:1", f"{ONE}\x1b[2J"),)
    if agrees:
        DigestReview()(images)
    else:
        with pytest.raises(NodeyardError):
            DigestReview()(images)
    shown = capsys.readouterr().err
    assert ONE in shown
    assert "\x1b" not in shown


def test_a_registry_that_does_not_answer_is_named_with_what_to_do() -> None:
    with pytest.raises(NodeyardError, match="nginx:1 could not be pulled: no route") as refused:
        unpinned.pin({"nginx": "nginx:1"}, {}, Engine({}), unpinned.refuse)
    assert "images.source: local" in refused.value.hint


def test_a_recorded_digest_of_an_image_is_used_for_the_base_of_our_images_too(tmp_path: Path) -> None:
    recipes = recipe.load()
    (tmp_path / "images").mkdir()
    entry = {"reference": "debian:trixie-slim", "digest": ONE}
    (tmp_path / "images/upstream.yml").write_text(yaml.safe_dump({"images": {"debian": entry}}))
    assert pull.bases(recipes, {}, tmp_path) == {"debian:trixie-slim": f"debian@{ONE}"}


def test_every_image_that_is_pulled_has_its_place_for_a_digest() -> None:
    """Also the bases of images that are built here."""
    entries = yaml.safe_load((CHECKOUT / pull.UPSTREAM_FILE).read_text())["images"].values()
    references = {entry["reference"] for entry in entries}
    assert all("digest" in entry for entry in entries)
    assert {base for base in pull.bases(recipe.load(), {}) if "@" not in base} <= references


@pytest.mark.parametrize("digest", ["latest", "sha256:12", f"{ONE}\n", f"sha512:{'1' * 128}"])
def test_a_digest_that_is_none_is_a_sentence(tmp_path: Path, digest: str) -> None:
    (tmp_path / "images").mkdir()
    entry = {"reference": "nginx:1", "digest": digest}
    (tmp_path / "images/upstream.yml").write_text(yaml.safe_dump({"images": {"nginx": entry}}))
    with pytest.raises(NodeyardError, match="The digest of the upstream image nginx"):
        pull.upstream(tmp_path)
