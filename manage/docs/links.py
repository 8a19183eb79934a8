"""The table of connections that stay open."""

from __future__ import annotations

from nodeclients.links import LINKS, Link


def table() -> str:
    """A row for each connection, with its heartbeat and deadline in seconds."""
    lines = ["| connection | heartbeat | every | deadline | afterwards |", "|---|---|---|---|---|"]
    for link in LINKS:
        every = f"{link.every_s:g} s" if link.every_s else "once"
        lines.append(f"| {link.ends} | {link.heartbeat} | {every} | {link.deadline_s:g} s | {_afterwards(link)} |")
    return "\n".join(lines) + "\n"


def _afterwards(link: Link) -> str:
    if not link.retry.longest_s:
        return link.afterwards
    return f"{link.afterwards} after {link.retry.first_s:g} to {link.retry.longest_s:g} s"
