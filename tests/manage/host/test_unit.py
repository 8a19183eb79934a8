from __future__ import annotations

import configparser
from pathlib import Path

from manage.host import unit
from manage.installation import documents, intent
from manage.installation.layout import Layout


def parsed(layout: Layout) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.text(layout, Path("/opt/nodeyard")))
    return parser


def test_the_unit_starts_this_installation_after_the_engine() -> None:
    file = parsed(Layout(Path("/srv/nodes")))

    assert file["Unit"]["Requires"] == "docker.service"
    assert "docker.service" in file["Unit"]["After"].split()
    assert file["Service"]["ExecStart"] == ":/opt/nodeyard/.venv/bin/python -m manage.host.unit start --dir /srv/nodes"
    assert file["Install"]["WantedBy"] == "multi-user.target"


def test_two_installations_have_units_of_their_own(tmp_path: Path) -> None:
    names = set()
    for project in ("nodeyard", "nodeyard-0123abcd"):
        layout = Layout(tmp_path / project)
        layout.dir.mkdir()
        documents.write(layout.installation_file, {"id": "0123abcd", "project": project})
        names.add(unit.path(layout).name)

    assert names == {"nodeyard.service", "nodeyard-0123abcd.service"}


def test_a_stack_that_was_taken_down_on_purpose_is_not_started(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.desired_file.parent.mkdir(parents=True)
    intent.record(layout, up=False)

    assert unit.start(layout) == "The stack was stopped on purpose and stays down."
