"""One line for the whole stack, root cause first. The page, the CLI and the title of the tab share it."""

from __future__ import annotations

from collections.abc import Sequence

from manage import words
from manage.health.model import ServiceStatus, VerdictName
from manage.health.trouble import Trouble

WORST_FIRST: tuple[VerdictName, ...] = ("down", "degraded", "starting", "syncing", "waiting")
NAMED = 2
"""How many root causes the line names; the rest is counted."""


def sentence(services: Sequence[ServiceStatus], troubles: Sequence[Trouble] = ()) -> tuple[str, str]:
    """(the line, the detail below it): "The Bitcoin node's ZMQ is silent. The oracle waits for it."

    The line contains no growing numbers, so it stays the same while nothing changes. `troubles` of the machine come
    first: a full disk is the cause of most that follows.
    """
    line, detail = _of_services(services)
    if not troubles:
        return line, detail
    heads = " ".join(f"{one.headline}." for one in troubles)
    advice = " ".join(one.detail for one in troubles)
    return f"{heads} {line}", f"{advice} {detail}".rstrip()


def _of_services(services: Sequence[ServiceStatus]) -> tuple[str, str]:
    stack = [service for service in services if service.group != "manager"]
    if stack and all(service.verdict == "disabled" for service in stack):
        return "The stack is down.", "Start it with: manage up"
    causes = _causes(services)
    if not causes:
        return _all_healthy(services)
    parts = [f"{_subject(cause)}{_predicate(cause)}." for cause in causes[:NAMED]]
    if len(causes) > NAMED:
        parts.append(f"{words.plural(len(causes) - NAMED, 'more service is', 'more services are')} not healthy.")
    for cause in causes[:NAMED]:
        waiting = [service for service in services if service.verdict == "waiting" and cause.name in service.waits_for]
        if waiting:
            whom = "it" if len(causes) == 1 else _lower(_subject(cause))
            parts.append(f"{_subjects(waiting)} {'waits' if len(waiting) == 1 else 'wait'} for {whom}.")
    return " ".join(parts), f"{_capital(causes[0].reason)}. {_healthy_count(services)}"


def title(services: Sequence[ServiceStatus], troubles: Sequence[Trouble] = ()) -> str:
    """For the title of a browser tab: "bitcoind degraded", "" when nothing is wrong."""
    if troubles:
        return f"{troubles[0].name} {troubles[0].verdict}"
    causes = _causes(services)
    return f"{causes[0].name} {causes[0].verdict}" if causes else ""


def _causes(services: Sequence[ServiceStatus]) -> list[ServiceStatus]:
    """The services that are the cause, worst first; those that only wait count when there is no other cause."""
    wrong = [service for service in services if service.verdict in WORST_FIRST]
    own = [service for service in wrong if service.verdict != "waiting"]
    return sorted(own or wrong, key=lambda service: WORST_FIRST.index(service.verdict))


def _all_healthy(services: Sequence[ServiceStatus]) -> tuple[str, str]:
    stopped = [service.name for service in services if service.verdict == "disabled"]
    healthy = len(services) - len(stopped)
    if not services:
        return "There are no services yet.", "Choose a profile with: manage init"
    if stopped:
        verb = "is" if len(stopped) == 1 else "are"
        return (
            f"{words.plural(healthy, 'service is', 'services are')} healthy.",
            f"{words.listing(stopped)} {verb} stopped.",
        )
    return ("The service is healthy." if healthy == 1 else f"All {healthy} services are healthy."), ""


def _healthy_count(services: Sequence[ServiceStatus]) -> str:
    watched = [service for service in services if service.verdict != "disabled"]
    healthy = sum(service.verdict == "healthy" for service in watched)
    return f"{healthy} of {words.plural(len(watched), 'service')} {'is' if healthy == 1 else 'are'} healthy."


def _predicate(status: ServiceStatus) -> str:
    headline = status.headline or ("waits" if status.verdict == "waiting" else f"is {status.verdict}")
    return headline if headline.startswith("'") else f" {headline}"


def _subject(status: ServiceStatus) -> str:
    """A title of one word is a common noun ("The database"), a longer one begins with a chain's name."""
    return f"The {status.title.lower() if status.title.istitle() and ' ' not in status.title else status.title}"


def _subjects(statuses: Sequence[ServiceStatus]) -> str:
    names = [_subject(status) for status in statuses]
    return words.listing([names[0], *(_lower(name) for name in names[1:])])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
