"""What people type wrong: one sentence and what to do, the right exit code, nothing half done, no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from manage.cli.main import main
from manage.commands import COMMANDS
from manage.errors import EXIT_FAILED, EXIT_USAGE
from manage.installation.layout import Layout
from tests.manage.cli.conftest import Manage

READERS = [
    ["plan"],
    ["render"],
    ["history"],
    ["urls"],
    ["status"],
    ["why", "tracker"],
    ["why", "--network"],
    ["logs", "tracker"],
    ["config", "show"],
    ["images", "list"],
    ["secrets", "list"],
    ["secrets", "show", "tracker_token"],
    ["user", "list"],
    ["user", "remove", "ann"],
    ["user", "reset", "ann"],
    ["user", "code", "ann"],
    ["audit", "verify"],
    ["up"],
    ["down"],
    ["restart", "tracker"],
    ["sandbox", "mine", "--node", "kaspad"],
]


def contents(layout: Layout) -> dict[Path, bytes]:
    """Every file that says anything (a lock file says nothing)."""
    return {path: path.read_bytes() for path in layout.dir.rglob("*") if path.is_file() and path.read_bytes()}


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_folder_without_installation_is_said_and_stays_as_it_is(
    manage: Manage, tmp_path: Path, arguments: list[str]
) -> None:
    found = manage(*arguments, "--dir", str(tmp_path / "nowhere"))
    assert found.code in (EXIT_FAILED, EXIT_USAGE)
    assert found.err.startswith("error: ")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["why", "tracker"],
        ["why", "disk"],
        ["why", "clock"],
        ["sandbox", "mine", "--node", "kaspad"],
        ["sandbox", "pay", "x", "5", "--node", "kaspad"],
    ],
    ids=" ".join,
)
def test_a_missing_installation_is_not_called_a_stopped_stack(
    manage: Manage, tmp_path: Path, arguments: list[str]
) -> None:
    found = manage(*arguments, "--dir", str(tmp_path))
    assert (found.code, f"There is no installation in {tmp_path}." in found.err) == (EXIT_FAILED, True)


def test_a_user_is_not_added_where_no_installation_is(manage: Manage, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a long enough one")
    found = manage("user", "add", "ann", "--password-file", str(password), "--dir", str(tmp_path / "nowhere"))
    assert (found.code, found.out) == (EXIT_FAILED, "")
    assert "There is no installation in" in found.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["config", "set", "ports.base", "abc"], "ports.base was not set: 'abc' is not a whole number."),
        (["config", "set", "ports.base", ""], "ports.base was not set: nothing is not a whole number."),
        (["config", "set", "services.proxy.rate_limit", "-1"], "-1 is less than 1."),
        (["config", "set", "services.proxy.ratelimit", "5"], "Did you mean services.proxy.rate_limit?"),
        (["config", "set", "version", "2"], "version is the version of the file format. You cannot set it."),
        (["config", "set", "profiles", "[nosuch]"], "'nosuch' is not one of bitcoin, core,"),
        (["config", "set", "services.kaspad.enabled", "false"], "tracker needs kaspad"),
        (["config", "explain", "proxy"], "Did you mean services.proxy.enabled?"),
        (["secrets", "show", "nosuch"], "There is no secret nosuch."),
        (["user", "add", "Bad Name", "--password-file", "-"], "'Bad Name' is not a valid user name."),
        (["user", "remove", "nosuch"], "There is no user nosuch."),
        (["user", "code", "nosuch"], "There is no user nosuch."),
        (["user", "add", "ann", "--role", "god"], "'god' is not one of"),
        (["history", "99"], "There is no change number 99."),
        (["sandbox", "pay", "nobody", "5"], "'nobody' is not an address of a simulated chain."),
        (["sandbox", "mine"], "Missing option '--node'. Choose from: kaspad, bitcoind"),
        (["up", "trackr"], "Did you mean tracker?"),
        (["logs", "tracker", "--lines", "0"], "0 is not in the range"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_is_a_usage_error_that_says_what_is_right(
    manage: Manage, layout: Layout, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    before = contents(layout)
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        found = manage("--dir", str(layout.dir), *arguments)
    assert found.code == EXIT_USAGE, found.err
    assert said in found.err
    assert "Traceback" not in found.err
    assert contents(layout) == before


def test_every_fault_of_stack_yml_is_told_at_once_with_its_line(manage: Manage, layout: Layout) -> None:
    layout.stack_file.write_text(
        "version: 1\nnetwork: sandbx\nservics:\n  kaspad: {}\nports:\n  base: high\nservices:\n  kaspda: {}\n"
    )
    found = manage("config", "check", "--dir", str(layout.dir))
    assert found.code == EXIT_FAILED
    lines = found.err.splitlines()
    assert lines[0] == f"error: {layout.stack_file} has 4 problems:"
    assert [line.split(":")[0].strip() for line in lines[1:5]] == ["line 2", "line 3", "line 6", "line 8"]
    assert "did you mean services?" in found.err
    assert "did you mean kaspad?" in found.err


def test_a_password_that_is_no_text_is_a_sentence(manage: Manage, layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(bytes(range(128, 256)))
    found = manage("user", "add", "ann", "--password-file", str(tmp_path / "bytes"), "--dir", str(layout.dir))
    assert found.code == EXIT_FAILED
    assert "bytes cannot be read: it is not a text file." in found.err
    assert not layout.users_file.exists()


SHAPES = ['{"version": 1}', '{"version": 1, "images": [], "secrets": 7, "users": 3, "operations": 3}']
STATE = {
    "images.json": [["plan"], ["render"], ["images", "list"]],
    "secrets.json": [["secrets", "list"], ["secrets", "show", "tracker_token"]],
    "receipts/000001.json": [["history"]],
    "agent/users.json": [["user", "list"]],
}


@pytest.mark.parametrize("text", [*SHAPES, "{", "", '{"version": 2}'])
@pytest.mark.parametrize("name", STATE)
def test_a_damaged_file_of_state_is_named_by_whoever_reads_it(
    manage: Manage, layout: Layout, name: str, text: str
) -> None:
    (layout.dir / name).write_text(text)
    for arguments in STATE[name]:
        found = manage(*arguments, "--dir", str(layout.dir))
        assert found.code == EXIT_FAILED, arguments
        assert str(layout.dir / name) in found.err
        assert "unexpectedly" not in found.err, "it is expected"


def test_answers_that_do_not_go_together_blame_no_file_that_is_not_there(manage: Manage, tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    # Images that lie locked make the decision for a local source without asking a registry.
    locked = {"reference": "a:1", "config_digest": "sha256:a", "recipe": "", "source": "local", "engine_id": "sha256:a"}
    (target / "images.json").write_text(json.dumps({"version": 1, "images": {"base": locked}}))
    found = manage("init", "--profile", "bitcoin", "--network", "mainnet", "--yes", "--dir", str(target))
    assert found.code == EXIT_USAGE
    assert "These answers contradict each other: " in found.err
    assert not (target / "stack.yml").exists()


@pytest.mark.parametrize("arguments", [[], ["config"], ["user"], ["secrets"], ["images"], ["sandbox"]], ids=" ".join)
def test_a_command_without_its_verb_shows_its_help(manage: Manage, arguments: list[str]) -> None:
    found = manage(*arguments)
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert found.err.startswith("Usage: manage")
    assert "..." not in found.err.replace("[ARGS]...", ""), "no sentence is cut off"


def test_what_nobody_foresaw_is_a_sentence_too_and_a_traceback_with_debug(manage: Manage, layout: Layout) -> None:
    odd = {"version": 1, "number": 1, "verb": "up", "by": "root", "started_at": "noon", "state": "done"}
    (layout.receipts_dir / "000001.json").write_text(json.dumps(odd))
    found = manage("history", "--dir", str(layout.dir))
    assert found.code == EXIT_FAILED
    assert found.err.startswith("error: manage failed unexpectedly: TypeError: ")
    assert "Traceback" not in found.err
    with pytest.raises(TypeError):
        main(["--debug", "history", "--dir", str(layout.dir)])


def test_no_command_is_left_out_of_the_walk() -> None:
    walked = {arguments[0] for arguments in READERS} | {
        "setup",
        "init",
        "profiles",
        "services",
        "completion",
        "uninstall",
    }
    assert walked == set(COMMANDS)
