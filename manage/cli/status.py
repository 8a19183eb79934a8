"""`manage status`: the snapshot as text for the terminal."""

from __future__ import annotations

import time
from typing import Any

import click

from manage import words
from manage.cli import output
from manage.cli.options import with_dir, with_json
from manage.errors import NodeyardError
from manage.health import disks, machine, newest
from manage.health import snapshot as snapshots
from manage.health.model import Snapshot
from manage.health.snapshot import STALE_S
from manage.installation.layout import Layout


def document(snapshot: Snapshot) -> dict[str, Any]:
    """The output of `--json`, a stable interface: keys may be added, never renamed."""
    return {
        "as_of": snapshot.as_of,
        "name": snapshot.name,
        "network": snapshot.network,
        "sentence": snapshot.sentence,
        "services": [
            {
                "name": service.name,
                "verdict": service.verdict,
                "reason": service.reason,
                "since": service.since,
                "waits_for": list(service.waits_for),
            }
            for service in snapshot.services
        ],
    }


@click.command(
    epilog="""\b
Examples:
  manage status
  manage status --json | jq '.services[] | select(.verdict != "healthy")'
  manage status --check || echo "not everything is healthy"
"""
)
@with_dir
@with_json
@click.option(
    "--check",
    is_flag=True,
    help="Exit 1 unless every service is healthy (or stopped on purpose) and the facts are fresh.",
)
def command(layout: Layout, as_json: bool, check: bool) -> int:
    """Show the verdict of every service, with its reason.

    Reads the last snapshot of `watch`; sends no request to a node and changes nothing.
    """
    from manage.apply import host_firewall

    full = disks.trouble_of(layout.dir)
    try:
        snapshot = newest.read(layout)
    except NodeyardError as error:
        raise NodeyardError(f"{full.sentences} {error.message}", error.hint) if full else error from None
    age = snapshots.age(snapshot, time.time())
    all_healthy = age <= STALE_S and all(service.verdict in ("healthy", "disabled") for service in snapshot.services)
    all_healthy = all_healthy and not full
    troubles = [one.sentences for one in machine.troubles(snapshot.host)] if age <= STALE_S else []
    if full and full.sentences not in troubles:
        troubles.insert(0, full.sentences)
    if as_json:
        output.emit(
            {
                **document(snapshot),
                "sentence": _sentence(snapshot, age),
                "firewall": host_firewall.problem(),
                "troubles": troubles,
            }
        )
    else:
        _page(snapshot, age)
        if full and full.headline not in _sentence(snapshot, age):
            output.say(f"\n{full.sentences}")
        if problem := host_firewall.problem():
            output.say(f"\n{problem}")
    return 1 if check and not all_healthy else 0


def _sentence(snapshot: Snapshot, age: float) -> str:
    """What holds now: an outdated snapshot says nothing about the present."""
    if age > STALE_S:
        return f"watch has not reported for {words.duration(age)}; what follows is what it said then."
    return snapshot.sentence


def _page(snapshot: Snapshot, age: float) -> None:
    title = f"{snapshot.name} · {snapshot.network}"
    if age > STALE_S:
        freshness = f"outdated: watch last reported {words.duration(age)} ago"
    else:
        freshness = f"as of {words.duration(age)} ago"
    output.say(f"{output.tone(title, 'strong')}{freshness.rjust(max(len(freshness) + 2, 79 - len(title)))}")
    output.say(_sentence(snapshot, age))
    if age > STALE_S:
        output.say("To see why, run: manage logs watch")
    elif snapshot.detail:
        output.say(snapshot.detail)
    output.say()
    rows = [(s.name, f"{output.glyph(s.verdict)}{s.verdict}", s.reason) for s in snapshot.services]
    output.table(rows, tones=[("", s.verdict if age <= STALE_S else "soft", "") for s in snapshot.services])
