"""Every case file of every service: facts in, verdict out. To add a case, add a file (the format is in `cases.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manage.health import cases


@pytest.mark.promise("The cases in the folders of the services give their verdicts", runs="ci")
@pytest.mark.parametrize("path", cases.paths(), ids=lambda path: f"{path.parent.parent.name}/{path.stem}")
def test_facts_give_the_verdict_of_the_case(path: Path) -> None:
    case = cases.read(path)
    assert cases.outcome(case.judge()) == case.expected, case.document["about"]


@pytest.mark.parametrize("path", sorted(cases.SERVICES.glob("*/service.yml")), ids=lambda path: path.parent.name)
def test_every_service_has_cases_with_several_verdicts(path: Path) -> None:
    verdicts = {cases.read(each).document["verdict"] for each in (path.parent / "cases").glob("*.json")}
    assert "healthy" in verdicts
    assert len(verdicts) > 1


def test_a_case_file_with_a_mistyped_key_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tcp"
    folder.mkdir()
    (folder / "x.json").write_text('{"about": "", "network": "private", "fact": {}}')
    with pytest.raises(ValueError, match=r"unknown keys \['fact'\]"):
        cases.read(folder / "x.json")
