"""The commands of `manage`, and how a text names one so that it reaches an installation outside the default folder."""

from __future__ import annotations

import functools
import re
import shlex

COMMANDS: dict[str, str] = {
    "setup": "Set up and start a watched stack; safe to repeat.",
    "init": "Write a new stack.yml; nothing is started.",
    "config": "Show, explain, check or change the configuration.",
    "profiles": "List what can be deployed.",
    "services": "List, add and check services, shipped and your own.",
    "images": "Build, pull and list the images of this stack.",
    "render": "Show the rendered compose and configuration files.",
    "plan": "Show what `up` would change and why; changes nothing.",
    "up": "Apply stack.yml; wait until each service is healthy.",
    "down": "Stop the stack; data is kept, and the manager keeps running.",
    "restart": "Restart services, one after the other.",
    "status": "Show the verdict of every service, with its reason.",
    "why": "Show the root cause of a service's verdict, with evidence.",
    "logs": "Show a service's log lines.",
    "history": "Show what was changed, when, and how it ended.",
    "urls": "Show the address of each service, and how to sign in.",
    "secrets": "List or show the generated secrets.",
    "user": "List, add and remove users of the dashboard.",
    "audit": "Check the log of sign-ins, changes and refusals.",
    "sandbox": "Pay, mine and break things on the simulated chains.",
    "completion": "Print the completion script for bash, zsh or fish.",
    "uninstall": "Stop everything of this installation; --purge deletes its data too.",
}
"""Name -> its sentence in `manage --help`; the command is `manage.cli.<name>:command`. A test checks that it exists."""


def with_directory(text: str, directory: str) -> str:
    """`text` with `manage --dir DIRECTORY up` instead of `manage up`; unchanged if `directory` is ""."""
    if not directory or "manage " not in text:
        return text
    return _without_directory().sub(lambda _found: f"manage --dir {shlex.quote(directory)} ", text)


@functools.cache
def _without_directory() -> re.Pattern[str]:
    """Finds `manage ` before the name of a command, unless the command names a folder already."""
    return re.compile(rf"\bmanage (?=(?:{'|'.join(COMMANDS)})\b(?![^.,;\n]*--dir))")
