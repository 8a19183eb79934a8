"""A checkout and an installation whose paths hold what a shell, a unit file, compose or a shebang read as syntax."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from manage.cli.main import main
from manage.engine import compose_cli
from manage.errors import NodeyardError
from manage.host import commands, unit
from manage.installation import documents, identity
from manage.installation.layout import Layout
from manage.render import environment
from tests.manage.install.conftest import installer  # noqa: F401 - a fixture
from tests.manage.install.installer import Installer
from tests.stage.owners import Paper

WORST = "a b$c%d'e\"f\\g`h;i&j#k(l)"
ODD = ["plain", "a b", "$HOME", "50%h", "o'clock", 'say "hi"', "back\\slash", "Größe", WORST]


@pytest.fixture(params=ODD)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / str(request.param)
    folder.mkdir()
    return folder


@pytest.mark.promise(
    "The launcher runs from a path with spaces, quotes, $ and %, and takes no code from the current folder", runs="ci"
)
def test_the_launcher_runs_from_any_path(odd: Path, tmp_path: Path) -> None:
    bin_folder = odd / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to(sys.executable)
    package = odd / "manage" / "cli"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("import sys\nprint(sys.argv[1:], sys.flags.utf8_mode)\n")
    hostile = tmp_path / "elsewhere" / "manage"
    hostile.mkdir(parents=True)
    (hostile / "__init__.py").write_text("raise SystemExit('code of the current folder')\n")
    site = odd / "site"
    site.mkdir()
    command = commands.write_launcher(odd, site)
    assert (site / "nodeyard.pth").read_text(encoding="utf-8").splitlines()[0] == str(odd)

    done = subprocess.run(
        [command, "up", "two words", "$HOME"],
        cwd=hostile.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(odd)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['up', 'two words', '$HOME'] 1\n", done.stderr


def test_a_path_longer_than_a_shebang_is_for_a_shell() -> None:
    text = commands.launcher(Path("/srv") / ("x" * 120) / "bin/python")
    assert text.startswith("#!/bin/sh\n")
    assert commands.launcher(Path("/opt/nodeyard/.venv/bin/python")).startswith(
        "#!/opt/nodeyard/.venv/bin/python -Xutf8\n"
    )


@pytest.mark.promise("The unit starts `manage` from any path, as systemd reads the file", runs="ci")
def test_systemd_reads_the_paths_of_the_unit_as_they_are(odd: Path) -> None:
    python = odd / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    text = unit.text(Layout(odd / "installation"), odd)
    file = odd.parent / "nodeyard-test.service"
    file.write_text(text.replace("Requires=docker.service\n", ""), encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    argv = words(line.removeprefix("ExecStart=:"))
    if argv[0] == "/bin/sh":
        assert argv[:3] == ["/bin/sh", "-c", 'exec "$0" "$@"']
        argv = argv[3:]
    assert argv == [str(python), *("-m", "manage.host.unit", "start", "--dir"), str(odd / "installation")]
    if shutil.which("systemd-analyze") and odd.name in ("plain", WORST):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(file)],
            env={"PATH": os.environ["PATH"], "SYSTEMD_LOG_LEVEL": "warning"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "nodeyard-test.service" not in done.stderr, done.stderr


def words(line: str) -> list[str]:
    """A command line of a unit file as systemd.syntax(7) and systemd.unit(5) read it; `:` before it leaves `$` alone.

    Its quotes are a shell's, except that a backslash escapes within single quotes too, which no line here has.
    """
    return [word.replace("%%", "%") for word in shlex.split(line.replace("\\'", "'"))]


def test_the_unit_of_a_path_is_found_again(odd: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    layout = Layout(odd / "installation", Paper().owners())
    identity.create(layout)
    units = tmp_path / "units"
    units.mkdir()
    monkeypatch.setattr(unit, "UNITS", units)
    monkeypatch.setattr(unit, "RUNNING", tmp_path / "no-systemd")
    unit.path(layout, units).write_text(unit.text(layout, odd), encoding="utf-8")
    assert "removed" in unit.remove(layout)
    assert not list(units.iterdir())


@pytest.mark.promise("A command in a message can be pasted into a shell, whatever the paths", runs="ci")
def test_a_suggested_command_can_be_pasted(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shlex.split(commands.called(odd)) == [str(odd / ".venv/bin/manage")]
    layout = Layout(odd / "installation", Paper().owners())
    identity.create(layout)
    with pytest.raises(SystemExit):
        main(["status", "--dir", str(layout.dir)])
    [line] = [line for line in capsys.readouterr().err.splitlines() if "manage --dir" in line]
    command = line[line.index("manage --dir") :]
    assert shlex.split(command)[:3] == ["manage", "--dir", str(layout.dir)]


@pytest.mark.promise("Compose mounts the folder of an installation whatever its path", runs="ci")
def test_compose_reads_a_path_as_it_is(odd: Path) -> None:
    """The text that the templates write, read by the compose program itself."""
    document = {
        "name": "odd",
        "services": {"one": {"image": "x", "volumes": [environment.bind(str(odd), "/data")]}},
        "secrets": {"token": {"file": str(odd / "token")}},
    }
    text = environment.quoted(document)
    file = odd / "compose.yml"
    file.write_text(text, encoding="utf-8")
    project = compose_cli.ComposeProject("odd", file, odd)
    command = compose_cli.argv(project, "config", "--no-interpolate=false")
    done = subprocess.run(command, env=compose_cli.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [mount] = yaml.safe_load(done.stdout)["services"]["one"]["volumes"]
    assert mount["source"].replace("$$", "$") == str(odd)


@pytest.mark.parametrize("name", ["a:b", "a\nb", "a\x1bb"])
def test_a_path_that_no_quotes_help_is_refused(
    tmp_path: Path,
    installer: Installer,  # noqa: F811
    name: str,
) -> None:
    with pytest.raises(NodeyardError, match="holds a colon or a control character"):
        identity.create(Layout(tmp_path / name, Paper().owners()))
    assert not (tmp_path / name).exists()
    done = installer.run("--dir", str(tmp_path / name), "--tools")
    assert done.returncode == 1
    assert "holds a colon or a control character" in done.stdout


@pytest.mark.parametrize("name", ["a b", WORST])
def test_the_installer_works_in_a_checkout_of_that_name(installer: Installer, name: str) -> None:  # noqa: F811
    """Up to the Python packages, which cannot be had here; its hints can be pasted."""
    moved = Installer(installer.folder.parent / name, installer.commands, installer.dir)
    shutil.move(installer.folder, moved.folder)
    done = moved.run("--tools", PIP_NO_INDEX="1")
    assert "error: The Python packages of requirements/runtime.txt could not be installed." in done.stdout, done.stdout
    moved.stand_in("id", "#!/bin/sh\necho 1000\n")
    [hint] = [line for line in moved.run("--tools").stdout.splitlines() if "sudo " in line]
    pasted = ["bash", "-c", f"printf %s {hint.partition('sudo: sudo ')[2]}"]
    assert subprocess.run(pasted, capture_output=True, text=True, check=True).stdout == str(moved.folder / "install.sh")


def test_documents_keep_their_modes(tmp_path: Path) -> None:
    documents.write(tmp_path / "a.json", {})
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o644
