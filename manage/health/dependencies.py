"""Which service waits for which: own judgements and needs in, verdicts with their root causes out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from manage import words
from manage.catalog.model import Need
from manage.health.model import Judgement
from manage.immutable import dataclass


@dataclass(frozen=True)
class _Blame:
    """One dependency that is not met."""

    service: str
    check: str
    """"" when the service itself named the dependency, without a check."""


def resolve(judgements: Mapping[str, Judgement], needs: Mapping[str, Sequence[Need]]) -> dict[str, Judgement]:
    """Each judgement, changed to `waiting` where a needed check of another service fails.

    A service that is stopped, or down for a known cause of its own (paused, killed), keeps its verdict. A healthy one
    waits only for a service that is not healthy. Needs of services outside the stack are ignored; cycles are allowed.
    """
    blames = {name: _blames(name, judgement, judgements, needs.get(name, ())) for name, judgement in judgements.items()}
    return {
        name: _waiting(name, judgement, blames, judgements) if blames[name] else replace(judgement, waits_for=())
        for name, judgement in judgements.items()
    }


def _blames(
    name: str, own: Judgement, judgements: Mapping[str, Judgement], needs: Sequence[Need]
) -> tuple[_Blame, ...]:
    if own.final or own.verdict == "disabled":
        return ()
    failing = [
        _Blame(need.service, need.check)
        for need in needs
        if need.service in judgements
        and not judgements[need.service].checks.get(need.check, False)
        and not (own.verdict == "healthy" and judgements[need.service].verdict == "healthy")
    ]
    named = [
        _Blame(other, "")
        for other in own.waits_for
        if own.verdict != "healthy"
        and other in judgements
        and other != name
        and judgements[other].verdict != "healthy"
        and all(blame.service != other for blame in failing)
    ]
    return (*failing, *named)


def _waiting(
    name: str, own: Judgement, blames: Mapping[str, tuple[_Blame, ...]], judgements: Mapping[str, Judgement]
) -> Judgement:
    first = blames[name][0]
    root, blame = _root(name, blames)
    through = f", through {first.service}" if root != first.service else ""
    what = check_words(blame.check) if blame.check else f"it is {judgements[root].verdict}"
    others = [other.service for other in blames[name][1:] if other.service != first.service]
    more = f", and {words.listing(list(dict.fromkeys(others)))}" if others else ""
    return replace(
        own,
        verdict="waiting",
        reason=f"for {root}: {what}{through}{more}",
        headline="waits",
        waits_for=tuple(dict.fromkeys(blame.service for blame in blames[name])),
    )


def _root(name: str, blames: Mapping[str, tuple[_Blame, ...]]) -> tuple[str, _Blame]:
    """The service at the end of the first blames and the blame that leads to it; a cycle ends where it would close."""
    seen = {name}
    blame = blames[name][0]
    while blames[blame.service] and blames[blame.service][0].service not in seen | {blame.service}:
        seen.add(blame.service)
        blame = blames[blame.service][0]
    return blame.service, blame


def check_words(check: str) -> str:
    """A failed check in words: "zmq_rawtx" -> "ZMQ rawtx", "utxoindex" -> "UTXO index", "ready" -> "not ready yet"."""
    return " ".join(_WORDS.get(part, part) for part in check.split("_"))


_WORDS = {
    "zmq": "ZMQ",
    "rpc": "RPC",
    "utxoindex": "UTXO index",
    "http": "HTTP",
    "synced": "sync",
    "ready": "not ready yet",
}
