"""What the sign-in form says, and where it leads. Pure."""

from __future__ import annotations

import re

from manage.agent.client import AgentRefused

EXPIRED = "This form has expired. Try again."
AGENT_AWAY = "The agent does not answer, so nobody can sign in. On the host, run: manage up"
STILL_SIGNED_IN = "Signed out in this browser only: the agent does not answer, so the session stays valid elsewhere."

_PATH = re.compile(r"/(?![/\\])[^\s\\]*")
"""Nothing that a browser could read as another host."""


def path_on_this_site(wanted: str) -> str:
    """`wanted` if it is a path on this site, else ""."""
    return wanted if _PATH.fullmatch(wanted) else ""


def refusal(refused: AgentRefused) -> tuple[str, int]:
    """The sentence for the form and the HTTP status."""
    return f"{refused.message} {refused.hint}".strip(), 429 if refused.kind == "throttled" else 403
