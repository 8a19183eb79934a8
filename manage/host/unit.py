"""The systemd unit that starts the stack at boot: `python -m manage.host.unit install|remove|start --dir DIR`.

Docker's restart policies start the containers again; the unit then runs `manage up`, which finishes a change that a
power failure interrupted. Without systemd there are only the restart policies. The installations of a host share the
unit of manage.host.firewall_unit.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

from manage import untrusted
from manage.host import firewall, firewall_unit
from manage.installation import identity, intent
from manage.installation.layout import CHECKOUT, Layout

UNITS = Path("/etc/systemd/system")
RUNNING = Path("/run/systemd/system")
"""Exists if and only if systemd is the init process: sd_booted(3)."""
PLAIN = re.compile(r"[A-Za-z0-9/._+@,=%-]+")
"""Words that a unit file needs no quotes for."""


def text(layout: Layout, checkout: Path) -> str:
    """The unit file."""
    return f"""\
[Unit]
Description=Nodeyard in {str(layout.dir).replace("%", "%%")}
Documentation=file://{quote(str(checkout)).replace("%", "%%")}/README.md
Requires=docker.service
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=1h
ExecStart=:{_program(checkout / ".venv/bin/python")} {_command(layout)}
[Install]
WantedBy=multi-user.target
"""


def path(layout: Layout, folder: Path = UNITS) -> Path:
    """The path of this installation's unit, which has the name of the compose project."""
    return folder / f"{identity.read(layout).project}.service"


def install(layout: Layout, *, enable: bool) -> str:
    """Write both units and, with `enable`, start this one at boot; returns a description of what was done.

    The unit of the firewall is enabled in any case: containers may start with the engine.
    """
    if not RUNNING.is_dir():
        return "no systemd on this machine; Docker's restart policies start the containers with the engine"
    unit = path(layout, UNITS)
    wanted = {unit: text(layout, CHECKOUT), UNITS / firewall_unit.NAME: firewall_unit.text()}
    changed = {file: words for file, words in wanted.items() if _text(file) != words}
    for file, words in changed.items():
        file.write_text(words, encoding="utf-8")
    if changed:
        _systemctl("daemon-reload")
    _systemctl("enable", firewall_unit.NAME)
    _systemctl("start", firewall_unit.NAME, required=False)  # from now on it follows those that remove every table
    if enable:
        _systemctl("enable", unit.name)
    return f"{unit}" + ("" if enable else " (not enabled)")


def remove(layout: Layout) -> str:
    """Undo `install`. Finds the unit by its command, because the installation may no longer exist.

    The last installation takes the unit of the firewall along.
    """
    units = sorted(UNITS.glob("nodeyard*.service"))
    ours = [unit for unit in units if _command(layout) in _text(unit)]
    if {unit.name for unit in units if unit not in ours} == {firewall_unit.NAME}:
        ours.append(UNITS / firewall_unit.NAME)
    for unit in ours:
        if RUNNING.is_dir():
            _systemctl("disable", unit.name)
        unit.unlink()
    if ours and RUNNING.is_dir():
        _systemctl("daemon-reload")
    return f"removed {', '.join(str(unit) for unit in ours)}" if ours else "there was no unit to remove"


def start(layout: Layout) -> str:
    """Restore the firewall, then replace this process with `manage up`; returns a sentence if the operator stopped the
    stack on purpose."""
    if problem := firewall.restore():
        print(problem, flush=True)  # noqa: T201 - for the journal
    if intent.is_up(layout):
        os.execv(manage := str(CHECKOUT / ".venv/bin/manage"), [manage, "up", "--dir", str(layout.dir)])  # noqa: S606  # nosec B606 - our own program
    return "The stack was stopped on purpose and stays down."


def _command(layout: Layout) -> str:
    """The command of the unit, which differs between installations."""
    return f"-m manage.host.unit start --dir {_word(layout.dir)}\n"


def _program(path: Path) -> str:
    """The first words of the command. systemd refuses a program whose path has quotes, so a shell starts that one."""
    return _word(path) if PLAIN.fullmatch(str(path)) else f'/bin/sh -c \'exec "$0" "$@"\' {_word(path)}'


def _word(path: Path) -> str:
    """One word of a command line in a unit file: systemd.syntax(7), systemd.unit(5), "Specifiers".

    The `:` before the command means that `$` names no variable (systemd.service(5), "Command lines").
    """
    text = str(path).replace("%", "%%")
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(unit: Path) -> str:
    """What the unit file holds, "" if there is none."""
    try:
        return untrusted.text(unit, links=True)
    except (FileNotFoundError, untrusted.Refused):
        return ""


def _systemctl(*arguments: str, required: bool = True) -> None:
    subprocess.run(["systemctl", "--quiet", *arguments], check=required)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=("install", "remove", "start"))
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--enable", action="store_true")
    given = parser.parse_args()
    layout = Layout(given.dir)
    if given.verb == "install":
        print(install(layout, enable=given.enable))  # noqa: T201 - install.sh shows it
    else:
        print(remove(layout) if given.verb == "remove" else start(layout))  # noqa: T201


if __name__ == "__main__":
    _main()
