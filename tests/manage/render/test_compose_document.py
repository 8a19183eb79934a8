"""Compose reads every text of a rendered document as text, also one that looks like a number to it alone."""

import json
import random
import subprocess
from pathlib import Path

import pytest
import yaml

from manage.render import compose_document

LIKE_NUMBERS = ["86226e01", "4e10", "0o17", "0x1F", "0b11", "01234567", "1_000", "+12", ".5e3", "-.inf", "2001-01-01"]
"""86226e01 was an installation's id: its containers got the label 862260 and seemed to be somebody else's."""


def hex_ids(count: int) -> list[str]:
    """Ids as `identity.create` makes them, but only those of decimal digits around an `e`."""
    numbers = random.Random(8)
    return [f"{numbers.randrange(1, 10**4)}e{numbers.randrange(10**3):03}" for _ in range(count)]


def test_what_looks_like_a_number_is_quoted() -> None:
    document = {"labels": {f"l{index}": text for index, text in enumerate([*LIKE_NUMBERS, *hex_ids(50)])}}
    lines = compose_document.dump(document, sort_keys=False).splitlines()[1:]
    assert [line for line in lines if not line.endswith("'")] == []
    assert yaml.safe_load("\n".join(lines)) == document["labels"]


def test_numbers_stay_numbers() -> None:
    assert (
        compose_document.dump({"a": [5, 0.5, -1, True, None]}, sort_keys=False)
        == "a:\n- 5\n- 0.5\n- -1\n- true\n- null\n"
    )


@pytest.mark.engine
@pytest.mark.promise("Compose reads each text of a rendered document as that text", runs="ci")
def test_compose_reads_the_same_texts(tmp_path: Path) -> None:
    texts = [*LIKE_NUMBERS, *hex_ids(200), "y", "on", "~", "null", "1:30", "="]
    service = {"image": "a", "command": texts, "labels": {f"l{index}": text for index, text in enumerate(texts)}}
    (tmp_path / "compose.yaml").write_text(
        compose_document.dump({"name": "x", "services": {"a": service}}, sort_keys=True)
    )
    done = subprocess.run(
        ["docker", "compose", "--file", tmp_path / "compose.yaml", "config", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    read = json.loads(done.stdout)["services"]["a"]
    assert read["command"] == texts
    assert read["labels"] == service["labels"]
