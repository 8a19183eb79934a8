"""Commands on the pages reach the installation that the pages show."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from manage.commands import COMMANDS
from manage.installation.layout import CHECKOUT, DEFAULT_DIR, Layout
from manage.web.app import create_app
from tests.manage.web.conftest import HERE, Browser, sources
from tests.stage import scenery
from tests.stage.agents import Agent, Clock


@pytest.mark.promise("Commands on the dashboard's pages name the folder of the installation", runs="ci")
@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/", "Start it with: manage --dir {} up"),  # a sentence of watch
        ("/services/kaspad", "run: <code>manage --dir {} up</code>"),  # a text of the template
        ("/plan?verb=up", "manage --dir {} up"),  # the hint of an error
    ],
)
def test_a_command_names_the_folder(
    layout: Layout, app: Flask, browser: Browser, agent: Agent, clock: Clock, path: str, command: str
) -> None:
    client = browser("ada")
    scenery.put(layout, scenery.stack_down(clock.now))
    agent.server.close()
    sources(app).refresh()
    assert command.format(layout.dir) in client.get(path).text


def test_an_error_for_a_script_names_the_folder(layout: Layout, browser: Browser, agent: Agent) -> None:
    client = browser("ada")
    agent.server.close()
    answer = client.get("/plan?verb=up", headers={"X-Partial": "1"})
    assert (answer.status_code, "<" in answer.text) == (503, False)
    assert f"manage --dir {layout.dir} up" in answer.text


@pytest.mark.parametrize(
    ("directory", "command"),
    [
        (DEFAULT_DIR, "manage user reset admin"),
        (Path("/srv/a b<c"), "manage --dir &#39;/srv/a b&lt;c&#39; user reset admin"),
    ],
)
def test_the_default_folder_is_not_named_and_another_is_quoted(directory: Path, command: str) -> None:
    text = create_app(Layout(directory), address=HERE).test_client().get("/login").text
    assert f"<code>{command}</code>" in text


def test_a_log_is_shown_verbatim(layout: Layout, browser: Browser, agent: Agent, clock: Clock) -> None:
    line = "Start it with: manage up"
    first, *others = scenery.healthy(clock.now).services
    scenery.put(
        layout, replace(scenery.healthy(clock.now), services=(replace(first, log=((clock.now, line),)), *others))
    )
    assert line in browser("vera").get(f"/services/{first.name}").text


def literal_commands(template: str) -> list[str]:
    """Commands in the text of a template, which no setting of the app can change."""
    return re.findall(rf"\bmanage (?:{'|'.join(COMMANDS)})\b", re.sub(r"\{\{.*?\}\}", "", template))


def test_templates_print_commands_as_values() -> None:
    templates = list((CHECKOUT / "manage/web").rglob("*.html"))
    assert templates
    assert {str(path): found for path in templates if (found := literal_commands(path.read_text()))} == {}
    assert literal_commands('<code>manage up</code> <code>{{ "manage down" }}</code>') == ["manage up"]
