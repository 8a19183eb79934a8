"""Links to `manage` and compose, where a shell and the docker client find them.

python -m manage.host.commands install|remove
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from manage.installation.layout import CHECKOUT

LINK = Path("/usr/local/bin/manage")
SHEBANG = re.compile(r"[A-Za-z0-9/._+@,=%-]{1,110}")
"""Paths of an interpreter that the first line of a script can name, options included."""
PLUGIN = Path("/usr/local/lib/docker/cli-plugins/docker-compose")
"""Where the docker client looks for plugins (docker/cli cli-plugins/manager, `defaultSystemPluginDirs`)."""


def launcher(python: Path) -> str:
    """The text of `.venv/bin/manage`. Text is UTF-8 whatever the locale says (-Xutf8).

    The kernel reads the interpreter's path up to a space, and cuts a long line (execve(2)); a shell does neither.
    """
    if SHEBANG.fullmatch(str(python)):
        return f"#!{python} -Xutf8\nimport manage.cli.__main__\n"
    return f'#!/bin/sh\nexec {shlex.quote(str(python))} -Xutf8 -P -m manage.cli "$@"\n'


def write_launcher(checkout: Path, site_packages: Path) -> Path:
    """Add the checkout and `services/` to the environment's path and write `.venv/bin/manage`; returns that file."""
    (site_packages / "nodeyard.pth").write_text(f"{checkout}\n{checkout / 'services'}\n", encoding="utf-8")
    folder = checkout / ".venv" / "bin"
    command = folder / "manage"
    command.write_text(launcher(folder / "python"), encoding="utf-8")
    command.chmod(0o755)
    return command


def link(name: Path, target: Path) -> bool:
    """Make `name` a link to `target`, unless it is another file; returns whether it is the link now.

    A link of an earlier version into the checkout of another user is replaced: root runs nothing that others write.
    """
    if name.is_symlink() and (name.readlink() == target or not name.exists() or leads_to_others(name)):
        name.unlink()
    if name.exists():
        return False
    name.parent.mkdir(parents=True, exist_ok=True)
    name.symlink_to(target)
    return True


def leads_to_others(name: Path) -> bool:
    """Whether `name` is a link into the `.venv` of a checkout of Nodeyard that another user owns."""
    if not name.is_symlink() or name.readlink().parts[-3:-1] != (".venv", "bin"):
        return False
    checkout = name.readlink().parents[2]
    return (checkout / "manage" / "cli").is_dir() and checkout.stat().st_uid not in (0, os.geteuid())


def unlink(name: Path, checkout: Path) -> bool:
    """Remove the link `name` if it leads into this checkout or into that of another user; returns whether it did."""
    if not name.is_symlink() or not (name.readlink().is_relative_to(checkout) or leads_to_others(name)):
        return False
    name.unlink()
    return True


def called(checkout: Path = CHECKOUT) -> str:
    """How a shell calls this checkout: `manage`, or the quoted path of its launcher if `manage` is another program."""
    ours = checkout / ".venv" / "bin" / "manage"
    found = shutil.which("manage")
    return "manage" if found and Path(found).resolve() == ours.resolve() else shlex.quote(str(ours))


def _install() -> str:
    command = write_launcher(CHECKOUT, Path(sysconfig.get_path("purelib")))
    linked = link(LINK, command)
    words = [f"manage is {LINK if linked else command}" + ("" if linked else f" ({LINK} is another program)")]
    missing = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0
    if missing or leads_to_others(PLUGIN):
        link(PLUGIN, command.with_name("docker-compose"))
        words.append("our compose is linked as docker compose")
    return ", ".join(words)


def _remove() -> str:
    gone = [str(name) for name in (LINK, PLUGIN) if unlink(name, CHECKOUT)]
    return f"removed {', '.join(gone)}" if gone else "there was no link to remove"


if __name__ == "__main__":
    print({"install": _install, "remove": _remove}[sys.argv[1]]())  # noqa: T201 - install.sh shows it
