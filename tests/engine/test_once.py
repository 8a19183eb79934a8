"""Each command loads, renders and plans once, and applies the plan that was shown."""

import collections
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from manage import catalog
from manage.access.refusals import Refused
from manage.agent import plans
from manage.agent.verb import Call
from manage.agent.verbs import verbs_by_name
from manage.apply import desired_state, down, inputs, receipt, restart, uninstall, up
from manage.apply.planned import read_facts_and_plan
from manage.cli.consent import PlanReview
from manage.cli.main import main
from manage.engine import facts
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.installation import identity
from manage.installation.layout import Layout
from tests.engine import sandboxed, stacks, standin


@pytest.fixture(scope="module")
def sandbox(engine: Any, tmp_path_factory: Any) -> Any:
    """The sandbox on tiny images, running."""
    layout = Layout(tmp_path_factory.mktemp("once") / "nodeyard")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = min(int(server.getsockname()[1]), 64000)
    sandboxed.install(engine, layout, f"nytest-once-{port}", port)
    with standin.watching(layout):
        up.apply(desired_state.render(inputs.read(layout)))
        yield layout
        uninstall.apply(layout, everything=True)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """How often each step runs; the steps themselves are the real ones."""
    calls: collections.Counter[str] = collections.Counter()

    def count(module: Any, name: str, step: str) -> None:
        original = getattr(module, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            if threading.current_thread() is threading.main_thread():  # the stand-in for watch has one of its own
                calls[step] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    count(inputs, "load_catalog", "catalog")
    count(inputs, "load_config", "configuration")
    count(catalog, "load_catalog", "catalog elsewhere")
    count(desired_state, "render_stack", "stack")
    count(desired_state, "render_manager", "manager")
    count(facts, "read", "facts")
    count(facts, "containers", "containers")
    return calls


def run(*words: Any) -> Any:
    """`manage WORDS` in this process; gives the exit code."""
    with pytest.raises(SystemExit) as left:
        main([*map(str, words)])
    return left.value.code


ONCE = {"catalog": 1, "configuration": 1, "stack": 1, "manager": 1}


@pytest.mark.promise("`up`, `down`, `restart` and `uninstall` load, render and plan once", runs="ci")
@pytest.mark.parametrize(
    ("words", "code", "read"),
    [
        (["plan"], 0, {"facts": 1}),
        (["plan", "up", "proxy"], 0, {"facts": 1}),
        (["plan", "down"], 10, {"containers": 1}),
        (["plan", "restart", "proxy"], 10, {"containers": 1}),
        (["up"], 0, {"facts": 2}),  # shown, then read again under the lock
        (["restart", "proxy"], 0, {"containers": 2}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_makes_nothing_twice(sandbox: Any, counted: Any, words: Any, code: Any, read: Any) -> None:
    assert run(*words, "--dir", sandbox.dir) == code
    assert dict(counted) == {**ONCE, **read}


@pytest.mark.promise("The agent, too, loads, renders and plans once for a verb", runs="ci")
@pytest.mark.parametrize(
    ("verb", "args", "read"),
    [
        ("up", {}, {"facts": 1}),
        ("plan", {"verb": "up"}, {"facts": 1}),
        ("plan", {"verb": "down"}, {"containers": 1}),
        ("restart", {"services": ["proxy"]}, {"containers": 1}),
    ],
)
def test_a_verb_of_the_agent_makes_nothing_twice(sandbox: Any, counted: Any, verb: Any, args: Any, read: Any) -> None:
    verbs_by_name(sandbox)[verb].run(Call(args, "ada", lambda _event: None))
    assert dict(counted) == {**ONCE, **read}


@pytest.mark.promise("`manage plan down` and `manage plan restart NAME` show the plan that the page shows", runs="ci")
def test_the_plan_of_a_verb_is_shown_by_the_cli_as_by_the_agent(
    sandbox: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    for words, verb, services in (
        (["up"], "up", []),
        (["down"], "down", []),
        (["restart", "proxy", "tracker"], "restart", ["proxy", "tracker"]),
    ):
        capsys.readouterr()
        run("plan", *words, "--json", "--dir", sandbox.dir)
        shown = json.loads(capsys.readouterr().out)
        answer = verbs_by_name(sandbox)["plan"].run(
            Call({"verb": verb, "services": services}, "ada", lambda _event: None)
        )
        assert {key: shown[key] for key in ("operations", "digest")} == answer


# A plan that changes between showing and applying


class Terminal:
    """A person who types the same word whenever they are asked, and what they were asked."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked = 0

    def isatty(self) -> bool:
        return True

    def readline(self, *_: Any) -> str:
        self.asked += 1
        return f"{self.word}\n"


def shown_and_changed(engine: Any, watched: Any) -> Any:
    """A state, the plan that was shown for it, and another container since."""
    up.apply(stacks.state(watched, {"one": {}, "two": {}}))
    state = stacks.state(watched, {"one": {"env": {"A": "1"}}, "two": {}})
    shown = up.plan(read_facts_and_plan(state, Reader()))
    [two] = [c for c in facts.containers(engine, identity.read(watched)) if c.service == "two"]
    engine.stop(two.id, timeout=1)
    return state, shown


def test_up_shows_a_plan_that_changed_again_and_goes_on(
    engine: Any, watched: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    state, shown = shown_and_changed(engine, watched)
    done = up.apply(state, shown=shown, review=PlanReview())
    assert {(step.kind, step.service) for step in done.operations} == {("recreate", "one"), ("restart", "two")}
    said = capsys.readouterr().err
    assert "The plan changed since it was shown:" in said and "restart   two" in said


def test_up_does_not_review_the_plan_that_was_shown(watched: Any) -> None:
    state = stacks.state(watched, {"one": {}})
    shown = up.plan(read_facts_and_plan(state, Reader()))

    def refuse(_plan: Any, _shown: Any) -> None:
        raise AssertionError("it was reviewed again")

    assert up.apply(state, shown=shown, review=refuse).state == "healthy"
    containers = facts.containers(Reader(), state.installation)
    assert restart.apply(state, ["one"], shown=restart.plan(state, containers, ["one"]), review=refuse).number == 2
    assert down.apply(state, shown=down.plan(state, containers), review=refuse).number == 3


@pytest.mark.promise("A plan that is not confirmed changes nothing", runs="ci")
def test_a_refused_review_changes_nothing(engine: Any, watched: Any) -> None:
    state, shown = shown_and_changed(engine, watched)
    before, history = facts.containers(engine, state.installation), receipt.history(watched)

    def refuse(_plan: Any, _shown: Any) -> None:
        raise NodeyardError("no")

    changes: tuple[Callable[[], Any], ...] = (
        lambda: up.apply(state, shown=shown, review=refuse),
        lambda: restart.apply(state, ["one"], review=refuse),
        lambda: down.apply(state, review=refuse),
        lambda: uninstall.apply(watched, everything=True, review=refuse),
    )
    for change in changes:
        with pytest.raises(NodeyardError, match="no"):
            change()
    assert facts.containers(engine, state.installation) == before
    assert receipt.history(watched) == history


@pytest.mark.promise("The consent of the dashboard holds for the plan that it showed, and for no other", runs="ci")
def test_the_agents_digest_of_another_plan_is_refused_and_changes_nothing(engine: Any, watched: Any) -> None:
    state, shown = shown_and_changed(engine, watched)
    before = facts.containers(engine, state.installation)
    changes: tuple[Callable[[], Any], ...] = (
        lambda: up.apply(state, review=plans.review(shown.digest)),
        lambda: restart.apply(state, ["one"], review=plans.review(shown.digest)),
        lambda: down.apply(state, review=plans.review(shown.digest)),
    )
    for change in changes:
        with pytest.raises(Refused, match="The plan changed since it was shown") as refused:
            change()
        assert refused.value.kind == "changed"
    assert facts.containers(engine, state.installation) == before
    now = up.plan(read_facts_and_plan(state, Reader()))
    assert up.apply(state, review=plans.review(now.digest)).state == "healthy"


@pytest.mark.promise("`uninstall` removes what was confirmed, or asks again", runs="ci")
def test_uninstall_removes_what_was_confirmed_or_asks_again(
    engine: Any, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    from manage.cli.consent import RemovalReview

    with standin.watching(layout):
        up.apply(stacks.state(layout, {"one": {}}))
        shown = uninstall.plan(layout, everything=True)
        up.apply(stacks.state(layout, {"one": {}, "two": {"volume": True}}))
    with pytest.raises(NodeyardError, match=r"More data would be removed than was shown: .*two_data"):
        uninstall.apply(layout, everything=True, shown=shown, review=RemovalReview(purge=True, yes=True))
    assert len(facts.containers(engine, identity.read(layout))) == 2
    person = Terminal("delete")
    monkeypatch.setattr(sys, "stdin", person)
    uninstall.apply(layout, everything=True, shown=shown, review=RemovalReview(purge=True))
    assert person.asked == 1
    assert not layout.dir.exists()
