"""The log lines of a service."""

from __future__ import annotations

from collections.abc import Iterator

from manage import words
from manage.engine import log_follow, log_lines
from manage.engine.client import Api, connect
from manage.engine.facts import ReadApi
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.installation.labels import LABEL_INSTALLATION, LABEL_SERVICE

LINE_BYTES = 1 << 16
"""Of a line that `manage logs` shows; the rest is cut."""
SHORT_BYTES = 2000
RECENT_BYTES = 2 << 20
RECENT_S = 20.0


def read(installation: Installation, service: str, *, lines: int = 100, follow: bool = False) -> Iterator[str]:
    """The last `lines` lines of `service`, oldest first, each "2026-11-21T14:02:11Z text"; with `follow` also new ones.

    Following ends when the container ends. Raises NodeyardError if the service has no container.
    """
    if follow:
        found = log_lines.lines(
            log_follow.follow(require_container(Reader(), installation, service), lines), LINE_BYTES
        )
        yield from (f"{at} {text}" for at, text in map(split, found))
        return
    with connect() as api:
        for at, text in entries(api, require_container(api, installation, service), lines=lines):
            yield f"{at} {text}"


def recent(installation: Installation, service: str, lines: int) -> list[str]:
    """What `read` gives without following, for readers with little memory and patience: the agent.

    Each line is cut to `SHORT_BYTES`, and all together take at most `RECENT_BYTES` and `RECENT_S`.
    """
    reader = Reader(timeout_s=RECENT_S)
    found = require_container(reader, installation, service)
    return [f"{at} {text}" for at, text in _recent_entries(reader, found, lines)]


def _recent_entries(reader: Reader, container_id: str, lines: int) -> list[tuple[str, str]]:
    raw = reader.log(container_id, tail=lines, most=RECENT_BYTES, timeout_s=RECENT_S)
    pairs = map(split, log_lines.lines(log_lines.demultiplexed([raw]), SHORT_BYTES))
    return [(at, words.plain(text)) for at, text in pairs][-lines:]


def require_container(api: ReadApi, installation: Installation, service: str) -> str:
    """Id of the container of `service`, found by our labels, never by name. Raises NodeyardError if there is none."""
    labels = [f"{LABEL_INSTALLATION}={installation.id}"]
    found = api.containers(all=True, filters={"label": [*labels, f"{LABEL_SERVICE}={service}"]})
    if found:
        return str(found[0]["Id"])
    labelled = {entry["Labels"].get(LABEL_SERVICE, "") for entry in api.containers(all=True, filters={"label": labels})}
    others = sorted(filter(None, labelled))
    raise NodeyardError(
        f"{service} has no container, so there is no log.",
        words.suggestion(service, others, "Services with a log")
        if others
        else "The stack is down. Start it: manage up",
    )


def entries(api: Api, container_id: str, *, lines: int) -> Iterator[tuple[str, str]]:
    """(the engine's timestamp to the second, line) pairs of one container."""
    stream = api.logs(container_id, stdout=True, stderr=True, timestamps=True, tail=lines, stream=True, follow=False)
    yield from map(split, log_lines.lines(stream, LINE_BYTES))


def tail(container_id: str, lines: int) -> tuple[str, ...]:
    """The last lines without timestamps, for the error of a failed gate; cut as in `recent`."""
    return tuple(text for _, text in _recent_entries(Reader(), container_id, lines))


def split(line: bytes, *, exact: bool = False) -> tuple[str, str]:
    """ "2026-11-21T14:02:11.123456789Z text" -> ("2026-11-21T14:02:11Z", "text"); `exact` keeps the fraction."""
    stamp, _, text = line.decode("utf-8", "replace").rstrip("\r").partition(" ")
    whole, dot, _ = stamp.partition(".")
    return (f"{whole}Z" if dot and not exact else stamp), text
