"""What an image is made of is checked against a sum before any of it runs: read from every Dockerfile, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted(
    path for folder in ("images", "profiles") for path in (CHECKOUT / folder).rglob("*ockerfile") if path.is_file()
)
FETCHES = re.compile(r"\b(curl|wget|urlretrieve|urlopen|git\s+(clone|fetch)|npm\s+i|go\s+(install|get))\b")
CHECKS = re.compile(r"sha256sum --check --strict|\bsha512sum --check --strict")


def commands(dockerfile: str) -> Iterator[tuple[str, list[str]]]:
    """(instruction, its commands in order), continued lines joined and comments left out."""
    text = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), [part.strip() for part in re.split(r"&&|;|\|", rest)]


def faults(dockerfile: str) -> list[str]:
    """Commands that fetch code by name alone, and commands that run before what was fetched is checked."""
    found = []
    for word, parts in commands(dockerfile):
        if word == "ADD":
            found.append("ADD: COPY does the same for files, and ADD checks no sum")
        unchecked = ""
        for part in parts if word == "RUN" else ():
            if re.search(r"\bpip3?\s+(install|download)\b", part) and "--require-hashes" not in part:
                found.append(f"pip without --require-hashes: {part}")
            if re.search(r"\bcargo\s+(install|build)\b", part) and not ("--path /" in part and "--locked" in part):
                found.append(f"cargo takes code by name, or dependencies without the lock's checksums: {part}")
            if unchecked and not CHECKS.search(part):
                found.append(f"{part}: runs before the sum of what `{unchecked}` fetched is checked")
            unchecked = part if FETCHES.search(part) else "" if CHECKS.search(part) else unchecked
        if unchecked:
            found.append(f"nothing checks the sum of what `{unchecked}` fetched")
    return found


@pytest.mark.promise("Sources are checked against their sum before anything of them is built", runs="ci")
@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_dockerfile_runs_nothing_that_it_has_not_checked(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "RUN cargo install kaspad --version 2.1.0 --locked && sha256sum --check --strict crate.sha256",
        "RUN cargo install --path /tmp/kaspad-2.1.0",
        "RUN pip install cmake",
        "RUN python -m pip download --no-deps py-bitcoinkernel==0.1.0a5",
        "RUN curl -O https://example.org/a.tar.gz && tar -xzf a.tar.gz && sha256sum --check --strict sums",
        "RUN curl https://example.org/a.sh | sh",
        "RUN git clone https://example.org/a.git",
        "ADD https://example.org/a.tar.gz /src",
    ],
)
def test_the_ways_to_get_this_wrong_are_found(line: str) -> None:
    assert faults(f"ARG BASE\nFROM ${{BASE}}\n{line}\n")


def test_there_are_dockerfiles_that_fetch() -> None:
    assert sum(bool(FETCHES.search(path.read_text(encoding="utf-8"))) for path in DOCKERFILES) >= 1
    assert len(DOCKERFILES) > 8
