"""Every user of a host can read the arguments of every program: no secret is one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from manage.cli.main import cli
from manage.commands import COMMANDS
from manage.installation.layout import CHECKOUT

SECRET = r"(\$\(manage secrets show|\$\{?[A-Z_]*(TOKEN|PASSWORD|SECRET|COOKIE)\b)"
ARGUMENT = re.compile(rf"\b(curl|wget|psql|redis-cli|bitcoin-cli|docker|manage)\b[^|\n]*{SECRET}")
TEXTS = [
    *CHECKOUT.glob("*.md"),
    *CHECKOUT.glob("docs/**/*.md"),
    *CHECKOUT.glob("profiles/**/*.md"),
    CHECKOUT / "install.sh",
]


def test_the_pattern_finds_what_it_should() -> None:
    assert ARGUMENT.search('curl -s -H "Authorization: Bearer $TOKEN" http://127.0.0.1')
    assert ARGUMENT.search('psql "postgres://x:$(manage secrets show postgres_password)@127.0.0.1"')
    assert not ARGUMENT.search("token | curl -s -H @- http://127.0.0.1:8601/tracker/api/portfolio")


@pytest.mark.promise("No text tells people to put a token into the arguments of a program", runs="ci")
def test_no_text_tells_people_to_put_a_secret_into_an_argument() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}: {line}"
        for path in TEXTS
        for line in path.read_text(encoding="utf-8").splitlines()
        if ARGUMENT.search(line)
    ]
    assert found == []


def commands(group: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(group, click.Group):
        yield names, group
        return
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found is not None
        yield from commands(found, (*names, name))


def test_no_command_takes_a_secret_as_an_argument() -> None:
    found = dict(commands(cli))
    assert len(found) >= len(COMMANDS)
    takes = [
        (*names, parameter.name)
        for names, command in found.items()
        for parameter in command.params
        if re.search("password|token|secret", str(parameter.name)) and not isinstance(parameter.type, click.Path)
    ]
    assert takes == []


def test_a_header_from_standard_input_is_in_nobodys_arguments(tmp_path: Path) -> None:
    """The way that the README shows, with a program that prints its arguments in place of curl."""
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    lines = [line for line in readme.splitlines() if line.startswith(("token()", "token |"))]
    assert len(lines) == 3
    for name, script in (("manage", "echo the-secret"), ("curl", 'cat > /dev/null; echo "$@"')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ADDRESS": "kaspasim:q"}
    done = subprocess.run(
        ["bash", "-euc", "\n".join(lines)], env=environment, capture_output=True, text=True, check=True
    )
    assert "the-secret" not in done.stdout
    assert done.stdout.count("@-") == 2
