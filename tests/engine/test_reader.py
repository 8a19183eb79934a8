"""The plain reader gives what the SDK gives, answer by answer and fact by fact."""

from pathlib import Path
from typing import Any

import pytest

from manage.apply import up
from manage.apply.planned import read_facts_and_plan
from manage.engine import facts
from manage.engine.reader import EngineRefused, Reader
from manage.errors import NodeyardError
from manage.installation.labels import LABEL_INSTALLATION
from tests.engine import stacks

SERVICES = {"one": {"volume": True, "env": {"A": "ä"}}, "two": {"files": {"a": "b"}}}
CHANGING = {"Status"}
"""Parts of a list's entries that say how long ago something was ("Up 2 seconds")."""


@pytest.fixture
def state(watched: Any) -> Any:
    made = stacks.state(watched, SERVICES, {"keeper": {}})
    up.apply(made)
    return made


def steady(entries: Any) -> Any:
    """Entries by id, without what changes with every look; others come and go on this engine."""
    kept = [{key: value for key, value in entry.items() if key not in CHANGING} for entry in entries]
    return {entry.get("Id") or entry["Name"]: entry for entry in kept}


def test_each_answer_is_the_sdks(engine: Any, state: Any) -> None:
    reader = Reader()
    ours = {"label": f"{LABEL_INSTALLATION}={state.installation.id}"}
    assert steady(reader.containers(all=True, filters=ours)) == steady(engine.containers(all=True, filters=ours))
    assert steady(reader.containers(filters=ours)) == steady(engine.containers(filters=ours))
    everything = {entry["Id"] for entry in reader.containers(all=True)}
    assert {entry["Id"] for entry in engine.containers(all=True, filters=ours)} <= everything
    assert reader.volumes(filters=ours) == engine.volumes(filters=ours)
    names = {volume["Name"] for volume in reader.volumes()["Volumes"]}
    assert {volume.name for volume in state.stack.volumes} <= names
    assert steady(reader.networks(filters=ours)) == steady(engine.networks(filters=ours))
    for entry in engine.containers(all=True, filters=ours):
        assert reader.inspect_container(entry["Id"]) == engine.inspect_container(entry["Id"])
    for spec in state.services:
        assert reader.inspect_image(spec.image.reference) == engine.inspect_image(spec.image.reference)
    assert reader.version() == engine.version(api_version=False)
    assert reader.info()["DockerRootDir"] == engine.info()["DockerRootDir"]


@pytest.mark.promise("Facts read over plain HTTP equal those of the SDK", runs="ci")
def test_the_facts_and_the_plan_are_the_same_either_way(engine: Any, state: Any) -> None:
    assert facts.containers(Reader(), state.installation) == facts.containers(engine, state.installation)
    assert len(facts.containers(Reader(), state.installation)) == 3
    plain, sdk = read_facts_and_plan(state, Reader()), read_facts_and_plan(state, engine)
    assert plain == sdk
    assert plain.facts.volumes and plain.facts.networks and plain.facts.known_specs


def test_what_is_not_there_is_none_either_way(engine: Any) -> None:
    for asked in (Reader(), engine):
        assert facts.image_id(asked, "localhost/nodeyard-test/never:1") == ""
    with pytest.raises(EngineRefused) as refused:
        Reader().inspect_container("never-made")
    assert refused.value.status_code == 404
    assert "No such container: never-made" in refused.value.message


def test_an_engine_that_does_not_run_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    with pytest.raises(NodeyardError, match="Docker's engine is not running"):
        Reader().volumes()


def test_a_plan_needs_no_sdk(state: Any, tmp_path: Path) -> None:
    import subprocess
    import sys
    from pathlib import Path

    program = """
import pickle, sys
from manage.apply import planned, up
from manage.engine.reader import Reader
state = pickle.loads(open(sys.argv[1], "rb").read())
plan = up.plan(planned.read_facts_and_plan(state, Reader()))
done = up.apply(state, shown=plan)
print(len(plan.changes), done.number, sorted({"docker", "requests", "urllib3"} & set(sys.modules)))
"""
    import pickle

    (tmp_path / "state").write_bytes(pickle.dumps(state))
    root = Path(stacks.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "state")],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{root}:{root / 'services'}"},
    )
    assert done.stdout == "0 0 []\n"
