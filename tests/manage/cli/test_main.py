"""The command line itself: help, errors as sentences, exit codes, quick start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from manage.cli.main import cli, main
from manage.commands import COMMANDS

CHECKOUT = Path(__file__).resolve().parents[3]


def leave(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return int(left.value.code or 0)


@pytest.mark.promise("Every command of the help exists and has examples", runs="ci")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_help_exists_and_explains_itself(name: str) -> None:
    root = click.Context(cli, **cli.context_settings)
    command = cli.get_command(root, name)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=name, parent=root))
    assert "Examples:" in text
    assert command.help


def test_a_misspelt_command_is_a_usage_error_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("statsu") == 64
    assert "Did you mean 'status'?" in capsys.readouterr().err


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert leave("status", "--jsn") == 64
    assert "See: manage status --help" in capsys.readouterr().err


def test_an_expected_failure_is_one_sentence_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave("status", "--dir", str(tmp_path)) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert "Traceback" not in printed


def test_the_folder_may_be_named_before_or_after_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave("--dir", str(tmp_path), "config", "check") == 1
    first = capsys.readouterr().err
    assert leave("config", "check", "--dir", str(tmp_path)) == 1
    assert capsys.readouterr().err == first
    assert str(tmp_path) in first


@pytest.mark.promise("`--help` imports neither docker nor jinja2", runs="ci")
def test_help_imports_neither_docker_nor_the_rooms_behind_it() -> None:
    script = (
        "import sys\nfrom manage.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'docker', 'python_on_whales', 'jinja2', 'yaml', 'flask'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_amounts_are_exact_decimals_of_whole_coins() -> None:
    from manage.cli.sandbox import _base_units
    from manage.errors import NodeyardError

    assert _base_units("5", "kaspad") == 500_000_000
    assert _base_units("0.00000001", "bitcoind") == 1
    for wrong in ("0", "-1", "1e-9", "five", "NaN", "Infinity"):
        with pytest.raises(NodeyardError):
            _base_units(wrong, "kaspad")
