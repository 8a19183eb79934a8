"""`manage why NAME`: the root cause of a verdict, with evidence."""

from __future__ import annotations

import datetime
import time
from typing import Any

import click

from manage import words
from manage.cli import completion, output
from manage.cli.options import with_dir, with_json
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage why tracker
  manage why disk
  manage why clock
  manage why --network              which service may connect to which
  manage why --network oracle
  manage why bitcoind --json"""
)
@click.argument("name", default="", shell_complete=completion.services)
@click.option("--network", "on_network", is_flag=True, help="Show which service may connect to which instead.")
@with_dir
@with_json
def command(name: str, on_network: bool, layout: Layout, as_json: bool) -> None:
    """Show the root cause of a service's verdict, with evidence.

    NAME is a service, "disk" or "clock". Reads the last snapshot of `watch`; changes nothing.

    With --network: every connection that the stack's networks allow, with NAME only those of one service. Reads
    stack.yml, not the engine.
    """
    if on_network:
        _show_networks(name, layout, as_json=as_json)
        return
    if not name:
        raise NodeyardError(
            "Which service?",
            "Name one, or disk or clock, as in: manage why tracker. Or: manage why --network",
            exit_code=EXIT_USAGE,
        )
    from manage.health import newest
    from manage.health import snapshot as snapshots
    from manage.health.root_cause import explain

    snapshot = newest.read(layout)
    if name == "disk":
        from manage.apply import host_disks

        snapshot = host_disks.measured_again(layout, snapshot)
    age_s = snapshots.age(snapshot, time.time())
    answer = explain(snapshot, name, age_s)
    if as_json:
        output.emit(answer)
        return
    if age_s > snapshots.STALE_S:
        output.say(f"Outdated: watch last reported {words.duration(age_s)} ago. See: manage logs watch")
    reasons = {service.name: service.reason for service in snapshot.services}
    output.say(f"{name}: {output.glyph(answer['verdict'])}{output.tone(answer['verdict'], answer['verdict'])}")
    if "reason" in answer:
        output.say(f"  {answer['reason']}")
    for step in answer["path"]:
        if step in reasons:  # disk and clock are no services
            output.say(f"  {step}: {reasons[step]}")
    if answer["evidence"]:
        output.say()
        output.table([_row(item) for item in answer["evidence"]])


def _show_networks(name: str, layout: Layout, *, as_json: bool) -> None:
    from manage import config
    from manage.apply import refusals
    from manage.catalog import load_catalog
    from manage.installation import identity
    from manage.render import matrix, wiring

    installation = identity.read(layout)
    catalog = load_catalog(layout)
    graph = wiring.service_graph(catalog, config.load(layout.stack_file, catalog))
    if name:
        refusals.require_known_services([name], graph.all)
    table = matrix.table(graph, installation.project)
    table = matrix.concerning(table, name) if name else table
    if as_json:
        output.emit(table)
        return
    rows = [
        (entry["from"], "->", entry["to"], f"{entry['port']} {entry['number']}", entry["network"])
        for entry in table["connections"]
    ]
    output.table(rows)
    output.say("No other connection between services is open.")
    published = [f"{entry['service']} ({entry['port']})" for entry in table["published"]]
    output.say(f"Published on this host: {words.listing(published)}.")
    output.say(f"May connect to addresses outside of the stack: {words.listing(table['outbound'])}.")


def _row(item: dict[str, Any]) -> tuple[str, str, str]:
    if "log" in item:
        at = datetime.datetime.fromtimestamp(item["at"], tz=datetime.UTC).astimezone()
        return ("log", f"{at:%H:%M:%S}", str(item["log"]))
    age = item.get("age_s")
    name = str(item["fact"]).replace("_", " ")
    return (
        name,
        "" if age is None else f"{words.duration(age)} old",
        words.value(item["value"], str(item.get("unit", ""))),
    )
