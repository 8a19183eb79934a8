"""A browser that has the dashboard and a page of the proxy open, and what must not pass between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.stage import dashboards
from tests.stage.agents import PASSWORD, Agent
from tests.stage.proxies import Recorder, configured, our_proxy
from tests.stage.waiting import until


class Browser(Protocol):
    def open(self, url: str) -> None:
        """Go there and wait until everything is loaded."""

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""


@dataclass(frozen=True)
class Scene:
    """The dashboard at its name; a proxy whose tracker signs people in; a server of another user of this host."""

    dashboard: str
    agent: Agent
    proxy_port: int
    oracle: Recorder
    tracker: Recorder
    stranger: Recorder

    @property
    def own_address(self) -> str:
        """The tracker's."""
        return f"http://tracker.{dashboards.NAME}:{self.proxy_port}"


@contextmanager
def scene(dashboard: str, agent: Agent, folder: Path) -> Iterator[Scene]:
    recorders = Recorder(), Recorder(), Recorder()
    oracle, tracker, stranger = recorders
    conf = configured(installation=dashboards.NAME.removeprefix("nodeyard-").removesuffix(".localhost"))
    with our_proxy(conf, {"oracle": oracle.port, "tracker": tracker.port}, folder) as port:
        yield Scene(dashboard, agent, port, oracle, tracker, stranger)
    for recorder in recorders:
        recorder.close()


def sign_in(browser: Browser, scene: Scene) -> None:
    browser.open(f"{scene.dashboard}/login")
    form = "document.querySelector('form')"
    fields = f"{form}.elements.name.value = 'ada', {form}.elements.password.value = {json.dumps(PASSWORD)}"
    browser.run(f"({fields}, {form}.requestSubmit(), true)")
    until(lambda: browser.run("location.pathname") == "/", 20)


def check_that_no_authority_travels(browser: Browser, scene: Scene) -> None:
    """From every other port of this host, and from every other name of the proxy."""
    sign_in(browser, scene)
    scene.tracker.answers = [("Set-Cookie", "shop=mine; Path=/; HttpOnly; SameSite=Lax")]
    for host in ("127.0.0.1", "localhost"):
        browser.open(f"http://{host}:{scene.stranger.port}/")
        browser.open(f"http://{host}:{scene.proxy_port}/oracle/x")
        browser.open(f"http://{host}:{scene.proxy_port}/tracker/login")
    for url in (f"{scene.own_address}/tracker/login", f"{scene.own_address}/tracker/x"):
        browser.open(url)
    cookies = [seen.get("cookie") for seen in (*scene.stranger.seen, *scene.oracle.seen, *scene.tracker.seen[:-1])]
    assert len(cookies) >= 7
    assert set(cookies) == {None}
    assert scene.tracker.seen[-1]["cookie"] == "shop=mine", "and its own comes back to it"
    browser.open(f"{scene.dashboard}/")
    assert browser.run("location.pathname") == "/", "still signed in"


def check_that_another_page_cannot_use_the_session(browser: Browser, scene: Scene) -> None:
    """A page on another port, and one at the service's own address, send what a browser lets them send."""
    sign_in(browser, scene)
    asked = {"mode": "no-cors", "credentials": "include"}
    change = {**asked, "method": "POST", "body": "verb=up&csrf=x"}
    for page in (f"http://127.0.0.1:{scene.stranger.port}/", f"{scene.own_address}/tracker/x"):
        browser.open(page)
        for path, options in (("/", asked), ("/act", change)):
            url = json.dumps(f"{scene.dashboard}{path}")
            kind = browser.run(f"fetch({url}, {json.dumps(options)}).then(a => a.type, e => 'refused')")
            assert kind in ("opaque", "refused"), "the answer cannot be read"
        read = browser.run(f"fetch({json.dumps(scene.dashboard + '/')}, {{credentials: 'include'}}).catch(e => 'no')")
        assert read == "no"
    assert scene.agent.stack.calls == []


def check_that_the_old_address_leads_to_the_new_one(browser: Browser, scene: Scene) -> None:
    sign_in(browser, scene)
    browser.open(f"http://127.0.0.1:{urlsplit(scene.dashboard).port}/")
    assert browser.run("document.querySelector('a').href") == f"{scene.dashboard}/"
    browser.run("(document.querySelector('a').click(), true)")
    until(lambda: browser.run("location.host") == urlsplit(scene.dashboard).netloc, 20)
    until(lambda: browser.run("location.pathname") == "/", 20)
