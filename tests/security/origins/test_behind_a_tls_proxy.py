"""The servers that docs/behind-a-tls-proxy.md shows, run as they stand but for ports, files and certificates."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from manage.apply import certificate
from manage.installation.layout import CHECKOUT, Layout
from tests.stage import agents, dashboards, scenery
from tests.stage.agents import PASSWORD
from tests.stage.dashboards import PaperWatch
from tests.stage.ports import free_port
from tests.stage.proxies import Answer, Recorder, ask, configured, our_proxy, require, run

PAGE = (CHECKOUT / "docs/behind-a-tls-proxy.md").read_text(encoding="utf-8")
YARD, SERVICES = "yard.example.org", "services.example.org"


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


@dataclass
class Front:
    port: int
    tracker: Recorder

    def ask(self, path: str, host: str, **more: object) -> Answer:
        return ask(self.port, path, host, tls=True, **more)  # type: ignore[arg-type]


def nginx(text: str, port: int, pem: Path, folder: Path) -> list[str]:
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("/etc/ssl/private/yard.pem", str(pem))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    around = f"daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {temporary}\n{text}}}\n"
    (folder / "front.conf").write_text(around)
    return [require("nginx"), "-e", "/dev/stderr", "-c", str(folder / "front.conf")]


def caddy(text: str, port: int, pem: Path, folder: Path) -> list[str]:
    """With our certificate in place of one that it would ask an authority for."""
    text = re.sub(r"^(\S.*) \{$", rf"\1 {{\n    bind 127.0.0.1\n    tls {pem} {pem}", text, flags=re.MULTILINE)
    (folder / "Caddyfile").write_text(f"{{\n    admin off\n    auto_https off\n    https_port {port}\n}}\n{text}")
    return [require("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@pytest.fixture(params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Front]:
    """That server before the dashboard, and before our proxy with a tracker that signs people in."""
    require(request.param)
    layout = agents.folders(Layout(tmp_path / "yard"))
    agents.three_users(layout)
    pem, recorder = tmp_path / "pem", Recorder()
    pem.write_text(certificate.create((YARD, SERVICES, f"*.{SERVICES}"), time.time()))
    folders = [tmp_path / name for name in ("proxy", "front")]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        stack.callback(recorder.close)
        stack.callback(dashboards.start_agent(layout).close)
        stack.callback(PaperWatch(layout, scenery.healthy).stop)
        at = stack.enter_context(dashboards.serve(layout, public_url=f"https://{YARD}")).rpartition(":")[2]
        conf = configured(f"services: {{proxy: {{public_url: 'https://{SERVICES}'}}}}")
        behind = stack.enter_context(our_proxy(conf, {"tracker": recorder.port}, folders[0]))
        port = free_port()
        text = block(request.param).replace(":8600", f":{at}").replace(":8601", f":{behind}")
        make = {"nginx": nginx, "caddy": caddy}[request.param]
        home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        stack.enter_context(run(make(text, port, pem, folders[1]), port, folders[1], home))
        yield Front(port, recorder)


@pytest.mark.promise("Behind nginx and Caddy as the documentation shows them, sign-in and services work", runs="ci")
def test_signing_in_and_services_work_and_cookies_are_secure(front: Front) -> None:
    page = front.ask("/login", YARD)
    assert page.status == 200
    nonce = page.headers["Set-Cookie"]
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    form = f"csrf={token}&name=ada&password={PASSWORD}"
    headers = {"Cookie": nonce.split(";")[0], "Content-Type": "application/x-www-form-urlencoded"}
    refused = front.ask("/login", YARD, method="POST", body=form, headers={**headers, "Origin": "https://evil.example"})
    assert refused.status == 403
    signed_in = front.ask("/login", YARD, method="POST", body=form, headers={**headers, "Origin": f"https://{YARD}"})
    assert (signed_in.status, signed_in.headers["Location"]) == (303, "/")
    session = signed_in.headers["Set-Cookie"]
    for cookie in (nonce, session):
        assert cookie.startswith("__Host-nodeyard_"), cookie
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
    overview = front.ask("/", YARD, headers={"Cookie": session.split(";")[0]})
    assert (overview.status, "kaspad" in overview.text) == (200, True)

    assert front.ask("/tracker/x", SERVICES, headers={"Cookie": "shop=1"}).json()["x-forwarded-proto"] == "https"
    assert "cookie" not in front.tracker.seen[-1]
    front.ask("/tracker/x", f"tracker.{SERVICES}", headers={"Cookie": f"{session.split(';')[0]}; shop=1"})
    assert front.tracker.seen[-1]["cookie"] == "shop=1"


@pytest.mark.promise("The dashboard speaks TLS on every address but loopback", runs="ci")
def test_the_dashboard_speaks_tls_itself(tmp_path: Path) -> None:
    layout = agents.folders(Layout(tmp_path / "yard"))
    agents.three_users(layout)
    pem = tmp_path / "pem"
    pem.write_text(certificate.create((dashboards.NAME,), time.time()))
    with dashboards.serve(layout, pem=pem) as url:
        port = int(url.rpartition(":")[2])
        page = ask(port, "/login", f"{dashboards.NAME}:{port}", tls=True)
        assert (page.status, page.headers["Set-Cookie"].startswith("__Host-nodeyard_form")) == (200, True)
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(port, "/login", f"{dashboards.NAME}:{port}")


def test_head_and_redirects_work(front: Front) -> None:
    for path, host in (("/login", YARD), ("/nothing", YARD), ("/tracker/x", SERVICES), ("/nothing", SERVICES)):
        get, head = (front.ask(path, host, method=method) for method in ("GET", "HEAD"))
        assert (head.status, head.text) == (get.status, ""), path
    assert front.ask("/", YARD).headers["Location"].startswith("/login")
    assert front.ask("/tracker", SERVICES).headers["Location"] == "/tracker/"
