"""The door of the dashboard: which connections and which host names it answers.

A browser sends a cookie to every port of the host name that set it, and resolves names as a stranger's server says
(DNS rebinding). So the dashboard has a name of its own and refuses every other with 421, and a redirect would carry
authority on: the answer only names the right address. Nothing here trusts a forwarded header.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from manage import untrusted
from manage.errors import NodeyardError
from manage.immutable import dataclass

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_ROUTES = Path("/proc/net/route")
_OWN_COOKIES = ("nodeyard_session", "nodeyard_form")
_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]


@dataclass(frozen=True)
class Address:
    """Under which names the dashboard is reached; see `manage.render.origins`."""

    names: frozenset[str]
    url: str
    """On this host."""
    public_url: str = ""
    """Through a TLS proxy in front."""
    any_address: bool = False
    """Every address is accepted as a name, too."""

    def accepts(self, name: str) -> bool:
        return name in self.names or (self.any_address and _is_address(name))


def from_environment(environment: Mapping[str, str]) -> Address:
    """The address that the Compose file states. Raises NodeyardError without one."""
    names = environment.get("NODEYARD_NAMES", "").split()
    url = environment.get("NODEYARD_URL", "")
    if not names or not url:
        raise NodeyardError("The dashboard does not know its address (NODEYARD_NAMES, NODEYARD_URL).", "manage up")
    return Address(
        frozenset(names),
        url,
        environment.get("NODEYARD_PUBLIC_URL", ""),
        bool(environment.get("NODEYARD_ANY_ADDRESS")),
    )


def gateways(routes: str) -> frozenset[str]:
    """The gateways of the default routes in the text of /proc/net/route.

    Docker publishes a container's ports through that network, and connections to a port that is published on loopback
    arrive from its gateway; a neighbour's packet carries its own address (docker-facts 14, 30).
    """
    rows = [line.split() for line in routes.splitlines()[1:]]
    return frozenset(
        str(ipaddress.IPv4Address(bytes.fromhex(row[2])[::-1]))
        for row in rows
        if len(row) > 2 and row[1] == "00000000" and row[2] != "00000000"
    )


def gateway_peers() -> frozenset[str]:
    """The peers of connections that came in through the published loopback port."""
    return gateways(untrusted.text(_ROUTES))


class Door:
    """WSGI middleware: refuses foreign peers (403) and foreign names (421) before anything else sees the request.

    Behind a TLS proxy it sets scheme and host to those of the public address, so that cookies, redirects and the check
    of a form's origin are right. `peers` gives the addresses that may connect, None for any.
    """

    def __init__(self, app: WSGIApplication, address: Address, peers: Callable[[], frozenset[str]] | None) -> None:
        self._app, self._address, self._peers = app, address, peers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        address, asks_health = self._address, environ.get("PATH_INFO") == "/health"
        # Everybody on its networks may ask whether it lives, as watch does; the answer says nothing else.
        if self._peers is not None and not asks_health and environ.get("REMOTE_ADDR") not in self._peers():
            return _refuse(environ, start_response, "403 Forbidden", _FOREIGN_PEER)
        found = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
        name, port = (found[1].lower(), found[2] or "") if found else ("", "")
        if not address.accepts(name):
            return _refuse(environ, start_response, "421 Misdirected Request", _other_address(address, port))
        public = urlsplit(address.public_url)
        if name == public.hostname:
            environ["HTTP_HOST"], environ["wsgi.url_scheme"] = public.netloc, public.scheme
        return self._app(environ, start_response)


_FOREIGN_PEER = "<p>The dashboard takes connections only through its own port on its host.</p>"


def _other_address(address: Address, port: str) -> str:
    """The page for the wrong name; through `ssh -L`, the port may be another one."""
    here = urlsplit(address.url)
    local = f"{here.scheme}://{here.hostname}:{port or here.port}/"
    shown = f"{address.public_url}/" if address.public_url else local
    hint = ""
    if str(here.hostname).endswith(".localhost") and not address.public_url:
        hint = (
            "<p>If your browser does not find it, add this line to the file <code>/etc/hosts</code> of the machine "
            f"where the browser runs: <code>127.0.0.1 {escape(str(here.hostname))}</code></p>"
        )
    return f'<p>The dashboard has another address: <a href="{escape(shown)}">{escape(shown)}</a></p>{hint}'


def _refuse(environ: WSGIEnvironment, start_response: StartResponse, status: str, text: str) -> Iterable[bytes]:
    body = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Nodeyard</title>{text}</html>\n'.encode()
    start_response(status, [*_HEADERS, ("Content-Length", str(len(body))), *_forget(environ.get("HTTP_COOKIE", ""))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _forget(cookies: str) -> list[tuple[str, str]]:
    """Headers that remove what an earlier version stored under this name: other servers would get it."""
    try:
        present = SimpleCookie(cookies)
    except CookieError:
        return []
    stale = [name for name in present if name.startswith(_OWN_COOKIES)]
    return [("Set-Cookie", f"{name}=; Max-Age=0; Path={path}") for name in stale for path in ("/", "/login")]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
