"""`manage why NAME`: the root cause of a verdict, with evidence."""

from __future__ import annotations

import datetime
from typing import Any

import click

from manage import words
from manage.cli import completion, output
from manage.cli.options import with_dir, with_json
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage why tracker
  manage why disk
  manage why bitcoind --json"""
)
@click.argument("name", shell_complete=completion.services)
@with_dir
@with_json
def command(name: str, layout: Layout, as_json: bool) -> None:
    """Show the root cause of a service's verdict, with evidence.

    NAME is a service, or "disk". Reads the last snapshot of `watch`; changes nothing.
    """
    from manage.health import snapshot as snapshots
    from manage.health.root_cause import explain

    snapshot = snapshots.read(layout)
    answer = explain(snapshot, name)
    if as_json:
        output.emit(answer)
        return
    reasons = {service.name: service.reason for service in snapshot.services}
    output.say(f"{name}: {output.glyph(answer['verdict'])}{output.tone(answer['verdict'], answer['verdict'])}")
    for step in answer["path"]:
        if step in reasons:  # the disk is not a service and has no reason
            output.say(f"  {step}: {reasons[step]}")
    if answer["evidence"]:
        output.say()
        output.table([_row(item) for item in answer["evidence"]])


def _row(item: dict[str, Any]) -> tuple[str, str, str]:
    if "log" in item:
        at = datetime.datetime.fromtimestamp(item["at"], tz=datetime.UTC).astimezone()
        return ("log", f"{at:%H:%M:%S}", str(item["log"]))
    age = item.get("age_s")
    name = str(item["fact"]).replace("_", " ")
    return (name, "" if age is None else f"{words.duration(age)} old", _value(item["value"], str(item.get("unit", ""))))


def _value(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if unit in ("s", "s old"):
        return words.duration(value) + unit.removeprefix("s")
    if unit == "bytes":
        return words.size(value)
    if isinstance(value, float):
        return f"{value:.4g} {unit}".rstrip()
    return f"{words.number(value) if isinstance(value, int) else value} {unit}".rstrip()
