"""Writing stack.yml: one value changes, everything else is kept, and an invalid file is never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage import config
from manage.catalog import Catalog
from manage.config import InvalidConfig
from manage.config.edit import with_value, without
from manage.errors import EXIT_USAGE, NodeyardError

COMMENTED = """\
# mine
version: 1   # do not touch
name: home

services:
  kaspad:   # the node
    peers:
      - a.example:1   # first
      - b.example
    # after the peers
  proxy: {rate_limit: 5}
# the end
"""


def write_initial(path: Path, catalog: Catalog, **answers: object) -> None:
    given = {"name": "home", "profiles": ("sandbox",), "network": "sandbox", "image_source": "local", "port_base": 8600}
    config.write_initial(path, **(given | answers), catalog=catalog)  # type: ignore[arg-type]


def test_the_initial_stack_yml_holds_the_answers_and_comments(stack_file: Path, catalog: Catalog) -> None:
    write_initial(stack_file, catalog, name="true", profiles=("bitcoin", "core"), network="private", port_base=9000)
    found = config.load(stack_file, catalog)
    assert (found.name, found.profiles, found.network, found.port_base) == (
        "true",
        ("bitcoin", "core"),
        "private",
        9000,
    )
    assert stack_file.read_text().count("#") > 3


def test_contradicting_answers_are_refused_and_nothing_is_written(stack_file: Path, catalog: Catalog) -> None:
    with pytest.raises(InvalidConfig, match="Core development tree"):
        write_initial(stack_file, catalog, profiles=("bitcoin",), network="mainnet")
    assert not stack_file.exists()


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("name", "shed", "name: shed"),
        ("services.kaspad.peers", "[c.example]", "      [c.example]"),
        ("services.kaspad.peers", "c.example, d.example", "      [c.example, d.example]"),
        ("services.kaspad.ram_scale", "0.5", "    ram_scale: 0.5"),
        ("services.proxy.rate_limit", "10", "  proxy: {rate_limit: 10}"),
        ("services.proxy.memory", "64m", "  proxy: {rate_limit: 5, memory: 64m}"),
        ("services.tracker.log_level", "debug", "    log_level: debug"),
        ("ports.base", "9000", "  base: 9000"),
        ("services.bitcoind.listen", "true", "    listen: true"),
    ],
)
def test_one_value_changes_and_every_other_line_stays(
    key: str, value: str, line: str, stack_file: Path, catalog: Catalog
) -> None:
    stack_file.write_text(COMMENTED)
    config.set_value(stack_file, key, value, catalog)
    after = stack_file.read_text()
    assert line in after.splitlines()
    before = config.flatten(config.parse(COMMENTED, "stack.yml", catalog))
    changed = config.flatten(config.load(stack_file, catalog))
    assert {k for k in changed if changed[k] != before.get(k)} == {key}
    for kept in ("# mine", "# do not touch", "# the node", "# after the peers", "# the end"):
        assert kept in after
    gone = [old for old in COMMENTED.splitlines() if old not in after.splitlines()]
    assert len(gone) <= 2


def test_a_python_value_is_written_unchanged(stack_file: Path, catalog: Catalog) -> None:
    stack_file.write_text(COMMENTED)
    config.set_value(stack_file, "services.kaspad.archival", True, catalog)
    assert config.load(stack_file, catalog).settings["kaspad"]["archival"] is True


def test_a_value_that_does_not_fit_leaves_the_file_as_it_was(stack_file: Path, catalog: Catalog) -> None:
    stack_file.write_text(COMMENTED)
    with pytest.raises(NodeyardError, match=r"services\.proxy\.rate_limit was not set: 0 is less than 1"):
        config.set_value(stack_file, "services.proxy.rate_limit", "0", catalog)
    assert stack_file.read_text() == COMMENTED
    assert list(stack_file.parent.iterdir()) == [stack_file]


def test_an_unknown_key_is_a_usage_error_with_a_suggestion(stack_file: Path, catalog: Catalog) -> None:
    stack_file.write_text(COMMENTED)
    with pytest.raises(NodeyardError) as caught:
        config.set_value(stack_file, "services.proxy.ratelimit", "3", catalog)
    assert caught.value.exit_code == EXIT_USAGE
    assert caught.value.hint == "Did you mean services.proxy.rate_limit?"


def test_the_file_keeps_its_mode(stack_file: Path, catalog: Catalog) -> None:
    stack_file.write_text(COMMENTED)
    stack_file.chmod(0o600)
    config.set_value(stack_file, "name", "shed", catalog)
    assert stack_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ("a: 1\n", ("b",), "a: 1\nb: 2\n"),
        ("a: 1", ("b", "c"), "a: 1\nb:\n  c: 2\n"),
        ("a:\n", ("a", "b"), "a:\n  b: 2\n"),
        ("a:\nz: 1\n", ("a", "b"), "a:\n  b: 2\nz: 1\n"),
        ("a:  # why\n", ("a", "b"), "a:  # why\n  b: 2\n"),
        ("a: {}\n", ("a", "b"), "a: {b: 2}\n"),
        ("a:\n  b:\n    c: 1\nz: 1\n", ("a", "d"), "a:\n  b:\n    c: 1\n  d: 2\nz: 1\n"),
        ("a:\n", ("a",), "a: 2\n"),
        ("ä: ö  # ü\nb: 1\n", ("b",), "ä: ö  # ü\nb: 2\n"),
        ("", ("a", "b"), "a:\n  b: 2\n"),
    ],
)
def test_a_value_is_written_at_its_path(text: str, path: tuple[str, ...], after: str) -> None:
    assert with_value(text, path, 2) == after


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ("a: 1\nb: 2\n", ("a",), "b: 2\n"),
        ("a: 1\nb: 2", ("b",), "a: 1\n"),
        ("a:\n  b: 1   # why\n  # stays\n  c: 2\n", ("a", "b"), "a:\n  # stays\n  c: 2\n"),
        ("a:\n  b:\n    c: 1\n    d:\n      - 1\nz: 1\n", ("a", "b"), "a:\nz: 1\n"),
        ("a: {b: 1, c: 2}  # why\n", ("a", "b"), "a: {c: 2}  # why\n"),
        ("a:\n  b:\nz: 1\n", ("a", "b"), "a:\nz: 1\n"),
        ("a: |\n  text\nz: 1\n", ("a",), "z: 1\n"),
    ],
)
def test_a_value_or_section_is_removed(text: str, path: tuple[str, ...], after: str) -> None:
    assert without(text, path) == after


@pytest.mark.parametrize("section", ["services", "storage:\n  chain_dirs"])
def test_the_section_of_a_service_that_is_gone_names_the_way_out_and_can_be_removed(
    section: str, stack_file: Path, catalog: Catalog
) -> None:
    indent = " " * (2 * section.count(":") + 2)
    value = "{enabled: false}" if section == "services" else "/srv/x"
    lines = [f"{section}:", *(f"{indent}{name}: {value}" for name in ("quodlibet", "zweites"))]
    stack_file.write_text("\n".join([*COMMENTED.split("services:")[0].splitlines(), *lines]) + "\n")
    for name in ("quodlibet", "zweites"):
        with pytest.raises(
            InvalidConfig, match=rf"line \d+: \S+\.{name}: no service has this name; to remove it"
        ) as caught:
            config.load(stack_file, catalog)
        key = caught.value.problems[0].path
        assert f"manage config unset {key}" in caught.value.message
        config.unset_value(stack_file, key, catalog)
    config.load(stack_file, catalog)
    assert "# do not touch" in stack_file.read_text()


@pytest.mark.parametrize(
    ("key", "words"), [("version", "was not removed"), ("services.proxy.memory", "does not set services.proxy.memory")]
)
def test_what_cannot_be_removed_leaves_the_file_as_it_was(
    key: str, words: str, stack_file: Path, catalog: Catalog
) -> None:
    stack_file.write_text(COMMENTED)
    with pytest.raises(NodeyardError, match=words):
        config.unset_value(stack_file, key, catalog)
    assert stack_file.read_text() == COMMENTED
