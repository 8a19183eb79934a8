"""A Firefox without a window, driven over WebDriver BiDi: one JSON message each way on its own WebSocket.

`--remote-debugging-port` opens it; no driver program and no library is needed. Commands and events: the W3C's WebDriver
BiDi, modules session, browsingContext, script, input and log.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.stage.ports import free_port
from tests.stage.waiting import until

PROGRAM = Path("/usr/bin/firefox-esr")
ANSWER_S = 30.0
DOCUMENT = "String(performance.timeOrigin)"
"""Another one for each document."""


class Firefox:
    """One tab. `faults` holds what the page complained of: errors of scripts and of the console."""

    def __init__(self, connection: ClientConnection) -> None:
        self.faults: list[str] = []
        self._connection = connection
        self._sent = 0
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, url: str) -> None:
        """Go there and wait until everything is loaded."""
        before = self.run(DOCUMENT)
        # After a page with Cross-Origin-Opener-Policy the tab gets another context, which would never be "complete".
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="none")
        until(lambda: self._has_loaded(before), ANSWER_S)

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, a promise's once it is kept; strings, numbers and booleans only."""
        found = self._ask("script.evaluate", expression=expression, target={"context": self._tab}, awaitPromise=True)
        assert found["type"] == "success", found
        return found["result"].get("value")

    def _has_loaded(self, before: str) -> bool:
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]
        try:
            return bool(self.run(DOCUMENT) != before and self.run("document.readyState") == "complete")
        except AssertionError:  # the context went away in between
            return False

    def text(self, selector: str) -> str:
        """What a reader sees there."""
        shown: str = self.run(f"document.querySelector({json.dumps(selector)}).innerText")
        return shown

    def press(self, key: str) -> None:
        """One key, as a keyboard does it."""
        self._act("key", {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})

    def point(self, selector: str, right: int) -> None:
        """Move the mouse to `right` px beside the middle of an element."""
        found = self._ask(
            "script.evaluate",
            expression=f"document.querySelector({json.dumps(selector)})",
            target={"context": self._tab},
            awaitPromise=False,
        )["result"]
        origin = {"type": "element", "element": {"sharedId": found["sharedId"]}}
        self._act("pointer", {"type": "pointerMove", "x": right, "y": 0, "origin": origin})

    def _act(self, device: str, *actions: dict[str, Any]) -> None:
        source = {"type": device, "id": device, "actions": list(actions)}
        self._ask("input.performActions", context=self._tab, actions=[source])

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        self._connection.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(timeout=ANSWER_S))
            if message.get("method") == "log.entryAdded" and message["params"]["level"] in ("error", "warn"):
                self.faults.append(message["params"]["text"])
            if message.get("id") == self._sent:
                assert message["type"] == "success", message
                answer: dict[str, Any] = message["result"]
                return answer


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Start one with a profile of its own in `folder`."""
    port = free_port()
    profile = folder / "profile"
    profile.mkdir()
    # Nothing but the page is asked for: no update, no telemetry, no list of bad sites.
    profile.joinpath("user.js").write_text(
        'user_pref("app.update.disabledForTesting", true);\n'
        'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
        'user_pref("network.captive-portal-service.enabled", false);\n'
        'user_pref("network.connectivity-service.enabled", false);\n'
        'user_pref("browser.safebrowsing.downloads.remote.enabled", false);\n'
        'user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");\n'
    )
    argv = [str(PROGRAM), "--headless", "--no-remote", "--profile", str(profile), f"--remote-debugging-port={port}"]
    argv += ["--width=1280", "--height=900"]
    with (folder / "firefox.log").open("wb") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder, env={"HOME": str(folder)})

    def listens() -> bool:
        assert process.poll() is None, (folder / "firefox.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, 60)
        with connect(f"ws://127.0.0.1:{port}/session", max_size=2**24) as tab:
            yield Firefox(tab)
    finally:
        process.terminate()
        process.wait(20)
