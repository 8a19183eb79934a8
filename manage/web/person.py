"""Calls of the agent in the name of the person behind this request, with their address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import current_app, request

from manage.web.addresses import TrustedProxies
from manage.web.guard import current_visitor, sources


def address() -> str:
    """The person's address as far as it is known, for the audit log and the counters of wrong passwords."""
    proxies: TrustedProxies = current_app.extensions["trusted_proxies"]
    return proxies.person(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))


def call(verb: str, /, *, timeout_s: float | None = None, **args: Any) -> dict[str, Any]:
    """The agent's answer; not for public routes. Raises AgentRefused and AgentUnreachable."""
    token = current_visitor().token
    return sources().agent.call(verb, token=token, address=address(), timeout_s=timeout_s, **args)


def stream(verb: str, /, *, timeout_s: float | None = None, **args: Any) -> Iterator[dict[str, Any]]:
    """The agent's messages; see `AgentClient.stream`."""
    token = current_visitor().token
    return sources().agent.stream(verb, token=token, address=address(), timeout_s=timeout_s, **args)
