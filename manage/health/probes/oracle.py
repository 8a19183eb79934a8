"""oracle: what its own `/ready` answers: the price, its state and its age."""

from __future__ import annotations

import time

from manage import words
from manage.health import fetch
from manage.health.drivers import Memory, Target, in_startup
from manage.health.facts import AGE, current_age, value
from manage.health.model import EngineState, Fact, Judgement

STATES = {
    "ok": "ok",
    "wide": "wide interval",
    "ambiguous": "ambiguous",
    "no_signal": "no signal",
    "no_market": "no market on this chain",
}
"""States that are not faults, and how they read. The other states are `stale` and `not_ready`."""


async def probe(target: Target, _memory: Memory) -> tuple[Fact, ...]:
    """`GET /ready`: 200 or 503 with the answer.

    `{"state", "reason", "price", "low", "high", "market", "age_s", "history", "sockets"}`
    """
    answer = await fetch.get(target.endpoint("http"), "/ready")
    document, at = answer.document(), time.time()
    facts = [
        Fact("state", str(document.get("state") or "not_ready"), at),
        Fact("reason", str(document.get("reason") or document.get("error") or f"HTTP {answer.status}"), at),
        Fact("market", str(document.get("market") or ""), at),
        Fact("waits_for", [str(name) for name in document.get("waits_for") or ()], at),
        Fact("history_fault", str(document.get("history") or ""), at),
        Fact("answer_ms", round(answer.took_ms, 1), at, "ms"),
    ]
    sockets = document.get("sockets")
    if isinstance(sockets, dict):
        facts += [
            Fact("sockets", int(sockets.get("open", 0)), at),
            Fact("most_sockets", int(sockets.get("most", 0)), at),
        ]
        facts.append(Fact("crowded", [str(client) for client in sockets.get("crowded") or ()], at))
    for name, unit in (("price", "USD"), ("low", "USD"), ("high", "USD"), ("confidence", "")):
        if isinstance(document.get(name), int | float):
            facts.append(Fact(name, float(document[name]), at, unit))
    if isinstance(document.get("age_s"), int | float):
        facts.append(Fact("price_age", float(document["age_s"]), at, AGE))
    return tuple(facts)


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    state, reason = value(facts, "state"), value(facts, "reason")
    checks = {"ready": state in STATES}
    waits_for = tuple(value(facts, "waits_for", ()))
    if state == "not_ready":
        if waits_for:
            said = f"for {words.listing(list(waits_for))}: {reason}"
            return Judgement("waiting", said, checks, waits_for=waits_for, headline="waits")
        if in_startup(target, engine, now):
            return Judgement("starting", reason, checks, headline="is starting")
        return Judgement("degraded", f"not ready: {reason}", checks, headline="is not ready")
    if state == "stale":
        said = f"{_price(facts, now)}, stale: {reason}"
        return Judgement("degraded", said, checks, waits_for=waits_for, headline="'s price is stale")
    label = STATES.get(state, state)
    said = f"{_price(facts, now)}, {label}" if value(facts, "price") is not None else f"{label}: {reason}"
    history_fault = value(facts, "history_fault")
    if history_fault and not in_startup(target, engine, now):
        said = f"{said}; its history is not written: {history_fault}"
        return Judgement("degraded", said, checks, waits_for=("timescaledb",), headline="keeps no history")
    open_sockets, most = value(facts, "sockets", 0), value(facts, "most_sockets", 0)
    if most and open_sockets >= most:
        said = f"{said}; it refuses more WebSockets: all {words.number(most)} are in use"
        return Judgement("degraded", said, checks, headline="refuses more WebSockets")
    if crowded := value(facts, "crowded", ()):
        said = f"{said}; more WebSockets from {words.listing(list(crowded))} are refused: too many are open"
    return Judgement("healthy", said, checks)


def _price(facts: tuple[Fact, ...], now: float) -> str:
    """The number, its market and its age: "64,262 USD (synthetic), 0.4 s old"."""
    synthetic = " (synthetic)" if value(facts, "market") == "synthetic" else ""
    age_s = current_age(facts, "price_age", now)
    age = "" if age_s is None else f", {words.duration(age_s)} old"
    return f"{words.number(round(value(facts, 'price', 0.0)))} USD{synthetic}{age}"
