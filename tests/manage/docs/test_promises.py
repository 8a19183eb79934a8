"""Promises are read from the markers on the tests, and each one can be kept."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from manage.docs import promises, proof
from manage.installation.layout import CHECKOUT

PROOFS = proof.load(CHECKOUT)
LONG = ("tests/long/", "tests/hosts/")


def collected(folder: Path, text: str) -> list[promises.Promise]:
    (folder / "tests").mkdir()
    (folder / "tests" / "test_clock.py").write_text(text)
    return promises.collect(folder)


def test_a_marker_is_read_with_its_test_and_case(tmp_path: Path) -> None:
    one, other = collected(
        tmp_path,
        "import pytest\n\n"
        '@pytest.mark.promise("It " "ticks", runs="ci")\n'
        '@pytest.mark.promise("It strikes", runs="real", case="noon")\n'
        '@pytest.mark.parametrize("hour", ["noon"])\n'
        "def test_it_ticks(hour): ...\n\n"
        "def test_without_a_promise(): ...\n",
    )
    assert (one.sentence, one.runs, one.proof) == ("It ticks", "ci", "tests/test_clock.py::test_it_ticks")
    assert (other.runs, other.proof) == ("real", "tests/test_clock.py::test_it_ticks[noon]")


@pytest.mark.parametrize(
    ("marker", "fault"),
    [
        ('promise("It ticks")', "runs must be one of ci, long, real"),
        ('promise("It ticks", runs="never")', "runs must be one of ci, long, real"),
        ('promise("It ticks", runs="ci", when="noon")', "unknown argument when"),
        ('promise(SENTENCE, runs="ci")', "must be plain strings"),
        ("promise", "expected @pytest.mark.promise"),
    ],
)
def test_a_marker_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, marker: str, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"tests/test_clock.py:2: .*{fault}"):
        collected(tmp_path, f"import pytest\n@pytest.mark.{marker}\ndef test_it(): ...\n")


def test_every_promise_belongs_to_an_area() -> None:
    for promise in PROOFS.promises:
        assert PROOFS.area(promise) in PROOFS.areas
    for area in [entry.area for entry in PROOFS.commands] + [entry.area for entry in PROOFS.unproven]:
        assert area in PROOFS.areas


def test_no_sentence_is_made_twice() -> None:
    sentences = [entry.sentence for entry in PROOFS.promises]
    sentences += [entry.sentence for entry in PROOFS.commands] + [entry.sentence for entry in PROOFS.unproven]
    assert len(sentences) > 200
    assert len(sentences) == len(set(sentences)), {each for each in sentences if sentences.count(each) > 1}


@pytest.mark.parametrize("promise", PROOFS.promises, ids=lambda promise: promise.sentence)
def test_a_promise_runs_where_it_says(promise: promises.Promise) -> None:
    assert not promise.skipped, f"{promise.proof} can be skipped, so it proves nothing"
    assert (promise.runs == "long") == promise.file.startswith(LONG)
    if promise.file.startswith("tests/real/"):
        assert promise.runs == "real"


@pytest.mark.parametrize("entry", PROOFS.commands, ids=lambda entry: entry.sentence)
def test_a_command_exists_and_says_what_it_prints(entry: proof.Command) -> None:
    assert entry.runs in promises.RUNS
    assert re.compile(entry.expected)
    program, *arguments = shlex.split(entry.command)
    if program == "python":
        assert (CHECKOUT / (arguments[1].replace(".", "/") + ".py")).is_file(), entry.command
    else:
        assert program == "pytest"


def test_what_is_not_provable_says_why() -> None:
    for entry in PROOFS.unproven:
        assert entry.reason, entry.sentence


def test_every_folder_with_tests_is_part_of_a_suite() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    suites = [*settings["testpaths"], *re.findall(r"tests/[\w/.]+", (CHECKOUT / "tests" / "run").read_text())]
    for file in (CHECKOUT / "tests").rglob("test_*.py"):
        name = str(file.relative_to(CHECKOUT))
        assert any(name == suite or name.startswith(f"{suite}/") for suite in suites), f"tests/run never runs {name}"
