"""What the pages say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from manage import words
from manage.agent.client import AgentClient, AgentRefused
from manage.installation.layout import Layout
from tests.manage.web.conftest import csrf, sources
from tests.stage import scenery
from tests.stage.agents import Agent, Clock

Browser = Callable[[str], FlaskClient]


def test_the_overview_says_the_sentence_and_every_service_with_its_verdict_and_reason(
    layout: Layout, browser: Browser, clock: Clock
) -> None:
    snapshot = scenery.silent_zmq(clock.now - 2)
    scenery.put(layout, snapshot)
    text = browser("otto").get("/").text
    assert "<title>bitcoind degraded · Nodeyard</title>" in text
    assert "The Bitcoin node&#39;s ZMQ is silent. The tracker waits for it." in text
    assert "true as of 2 s ago" in text
    for service in snapshot.services:
        assert f'data-row="{service.name}" data-verdict="{service.verdict}"' in text
        assert service.reason in text
    assert 'href="/plan?verb=restart&amp;service=bitcoind">Restart bitcoind…</a>' in text
    assert "412 GB free" in text and "9.1 GB used" in text


def test_the_partial_is_the_part_of_the_page_that_changes(browser: Browser) -> None:
    client = browser("vera")
    part = client.get("/overview/rows").text
    assert part in client.get("/").text
    assert 'data-title="All well"' in part


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("vera", (), ("Restart bitcoind…", "Apply stack.yml…", "Stop the stack…")),
        ("otto", ("Restart bitcoind…", "Apply stack.yml…"), ("Stop the stack…",)),
        ("ada", ("Restart bitcoind…", "Apply stack.yml…", "Stop the stack…"), ()),
    ],
)
def test_each_role_is_offered_what_it_may_do(
    layout: Layout, browser: Browser, clock: Clock, name: str, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    scenery.put(layout, scenery.silent_zmq(clock.now))
    text = browser(name).get("/").text
    assert "Show the evidence" in text
    assert all(label in text for label in shown)
    assert not any(label in text for label in hidden)


def test_an_old_snapshot_is_not_shown_as_the_present(layout: Layout, browser: Browser, clock: Clock) -> None:
    client = browser("ada")
    scenery.put(layout, scenery.healthy(clock.now - 42))
    text = client.get("/").text
    assert "no data for 42 s" in text
    assert "watch has not reported for 42 s." in text
    assert "was healthy" in text and ">healthy<" not in text
    assert "All 9 services are healthy" not in text and "9 healthy" not in text
    assert 'data-freshness="stale"' in text
    assert "<title>No data · Nodeyard</title>" in text
    assert "/plan?" not in text


def test_ten_seconds_are_not_old_yet(layout: Layout, browser: Browser, clock: Clock) -> None:
    scenery.put(layout, scenery.healthy(clock.now - 10))
    assert "true as of 10 s ago" in browser("ada").get("/").text


def test_before_the_first_snapshot_the_page_says_so_with_the_next_step(layout: Layout, browser: Browser) -> None:
    client = browser("ada")
    layout.snapshot_file.unlink()
    answer = client.get("/")
    assert answer.status_code == 200
    assert "No data yet." in answer.text
    assert "manage up" in answer.text
    assert answer.text.count('class="skeleton"') == 2


def test_a_broken_snapshot_is_no_crash(layout: Layout, browser: Browser) -> None:
    client = browser("ada")
    layout.snapshot_file.write_text("{")
    assert "No data yet." in client.get("/").text


def test_a_stack_that_is_down_says_so_and_offers_to_start_it(layout: Layout, browser: Browser, clock: Clock) -> None:
    scenery.put(layout, scenery.stack_down(clock.now))
    text = browser("otto").get("/").text
    assert "The stack is down." in text and "Start it with: manage up" in text
    assert 'href="/plan?verb=up">Start the stack…</a>' in text
    assert "<title>Stack down · Nodeyard</title>" in text


def test_the_first_step_is_offered_on_the_sandbox_alone(layout: Layout, browser: Browser, clock: Clock) -> None:
    client = browser("vera")
    assert "manage sandbox pay ADDRESS 5" in client.get("/").text
    scenery.put(layout, scenery.healthy(clock.now, network="mainnet"))
    assert "manage sandbox pay" not in client.get("/").text


def test_a_strip_shows_the_day_and_says_it_in_words(app: Flask, layout: Layout, browser: Browser, clock: Clock) -> None:
    history = scenery.HistorySocket(layout.watch_socket, scenery.day(clock.now - 2))
    try:
        sources(app)._history_at = float("-inf")
        sources(app).refresh()
    finally:
        history.close()
    text = browser("vera").get("/").text
    assert 'aria-label="last 24 hours: healthy all day"' in text
    assert 'aria-label="last 24 hours: healthy 23 h 26 min, down 33 min 20 s"' in text


def test_without_history_the_strip_says_that_nothing_was_watched(browser: Browser) -> None:
    assert 'aria-label="last 24 hours: no data yet"' in browser("vera").get("/").text


def test_what_a_service_says_is_text_and_never_markup(layout: Layout, browser: Browser, clock: Clock) -> None:
    bad = "<script>alert(1)</script>\"'"
    snapshot = scenery.turned(scenery.healthy(clock.now), "kaspad", "down", bad)
    first = replace(snapshot.services[0], log=((clock.now, bad),))
    scenery.put(layout, replace(snapshot, services=(first, *snapshot.services[1:]), sentence=bad))
    client = browser("ada")
    for path in ("/", "/services/kaspad", "/logs/kaspad"):
        assert "<script>alert" not in client.get(path).text


# A service's page


def test_a_service_shows_its_cause_its_evidence_and_who_waits(layout: Layout, browser: Browser, clock: Clock) -> None:
    scenery.put(layout, scenery.silent_zmq(clock.now))
    client = browser("otto")
    tracker = client.get("/services/tracker").text
    assert "tracker waits for bitcoind: ZMQ rawtx" in tracker
    assert 'The cause is in <a href="/services/bitcoind">bitcoind</a>' in tracker
    assert "bitcoind: tip age" in tracker and "bitcoind accepted 10 blocks" in tracker
    bitcoind = client.get("/services/bitcoind").text
    assert "bitcoind: ZMQ silent for 4 min 10 s while the RPC tip is 12 s old" in bitcoind
    assert '<a href="/services/tracker">tracker</a>' in bitcoind
    assert words.number(92_481_230) in bitcoind and "0.5 s" in bitcoind
    assert "Restart bitcoind…" in bitcoind


def test_the_evidence_grows_old_with_the_snapshot(layout: Layout, browser: Browser, clock: Clock) -> None:
    scenery.put(layout, scenery.healthy(clock.now - 60))
    text = browser("vera").get("/services/kaspad").text
    assert "was healthy" in text and "no data for 1 min" in text
    assert ">1 min<" in text  # 0.5 s old then, a minute more now


def test_a_service_that_is_not_there_is_a_sentence(browser: Browser) -> None:
    answer = browser("vera").get("/services/nothing")
    assert answer.status_code == 404
    assert "This stack has no service nothing." in answer.text


def test_a_page_that_is_not_there_is_a_sentence(browser: Browser) -> None:
    answer = browser("vera").get("/backups")
    assert answer.status_code == 404
    assert "This page does not exist." in answer.text


# Logs


def test_a_log_has_the_lines_that_were_asked_for(browser: Browser) -> None:
    client = browser("vera")
    assert client.get("/logs").location == "/logs/kaspad"
    text = client.get("/logs/tracker?lines=100").text
    assert "tracker line 99" in text and "tracker line 100" not in text
    assert "aria-current=true>tracker</a>" in text


def test_asking_for_too_many_lines_gives_what_there_may_be(browser: Browser) -> None:
    assert "kaspad line 1999" in browser("vera").get("/logs/kaspad?lines=99999999").text


def test_a_log_without_the_agent_says_why_it_is_empty(browser: Browser, agent: Agent) -> None:
    client = browser("vera")
    agent.server.close()
    answer = client.get("/logs/kaspad")
    assert answer.status_code == 200
    assert "The agent does not answer" in answer.text


# Plans and changes


def test_a_plan_shows_what_why_how_long_and_the_way_back_with_one_button(browser: Browser) -> None:
    text = browser("otto").get("/plan?verb=up").text
    assert "recreate kaspad" in text
    assert "2.0.1" in text and "2.0.2" in text
    assert "about 20 s" in text and "kept" in text and "safe" in text
    assert text.count('<button class="button first">Apply 2 changes, about 40 s</button>') == 1


def test_the_button_says_what_it_does(browser: Browser) -> None:
    client = browser("ada")
    assert ">Restart bitcoind, about 20 s</button>" in client.get("/plan?verb=restart&service=bitcoind").text
    assert ">Stop 2 services</button>" in client.get("/plan?verb=down").text


def test_who_may_not_sees_the_plan_and_no_button(browser: Browser) -> None:
    text = browser("otto").get("/plan?verb=down").text
    assert "remove kaspad" in text
    assert "This needs the role admin, but your role is operator." in text
    assert "Stop 2 services" not in text


@pytest.mark.parametrize("query", ["", "?verb=format", "?verb=restart"])
def test_a_plan_for_nothing_is_refused(browser: Browser, query: str) -> None:
    assert browser("ada").get(f"/plan{query}").status_code == 400


def test_a_change_leads_to_a_page_that_tells_its_progress(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    answer = client.post("/act", data={"csrf": csrf(client), "verb": "restart", "service": ["kaspad", "tracker"]})
    assert answer.status_code == 303
    agent.operations.wait_idle(10)
    text = client.get(answer.location).text
    assert "kaspad and tracker were restarted." in text
    assert "<b>tracker</b> healthy" in text
    assert agent.stack.calls == [("restart", {"services": ["kaspad", "tracker"]}, "otto")]


def test_a_change_that_failed_says_why(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    answer = client.post("/act", data={"csrf": csrf(client), "verb": "restart", "service": "broken"})
    agent.operations.wait_idle(10)
    text = client.get(answer.location).text
    assert "Restarting broken failed." in text
    assert "broken did not become healthy." in text and "manage logs broken" in text


def test_a_second_change_names_who_holds_the_place(browser: Browser, agent: Agent) -> None:
    agent.stack.hold.clear()
    otto, ada = browser("otto"), browser("ada")
    first = otto.post("/act", data={"csrf": csrf(otto), "verb": "up"})
    assert "Applying stack.yml…" in otto.get(first.location).text
    second = ada.post("/act", data={"csrf": csrf(ada), "verb": "down"})
    assert second.status_code == 409
    assert "up by otto is running." in second.text
    agent.stack.hold.set()
    agent.operations.wait_idle(10)


def test_an_operator_cannot_stop_the_stack_by_a_form_of_his_own(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    answer = client.post("/act", data={"csrf": csrf(client), "verb": "down"})
    assert answer.status_code == 403
    assert agent.stack.calls == []


def test_health_needs_no_session_and_tells_nothing(app: Flask) -> None:
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


# What is confirmed is the plan that was shown


def confirm(client: FlaskClient, page: str) -> TestResponse:
    """Press the button of a plan's page, as a browser does: every field of its form, as it is."""
    form = re.search(r'<form method="post" action="/act">.*?</form>', page, re.S)
    assert form
    return client.post("/act", data=MultiDict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0])))


@pytest.mark.parametrize("query", ["verb=up", "verb=down", "verb=restart&service=kaspad", "verb=up&service=tracker"])
def test_the_plan_that_is_confirmed_is_named_by_its_digest(browser: Browser, agent: Agent, query: str) -> None:
    client = browser("ada")
    token = client.get_cookie("nodeyard_session")
    assert token
    change = parse_qs(query)
    shown = agent.client.call("plan", token=token.value, verb=change["verb"][0], services=change.get("service", []))
    answer = confirm(client, client.get(f"/plan?{query}").text)
    assert str(answer.location).startswith("/acts/")
    agent.operations.wait_idle(10)
    ((verb, args, _),) = agent.stack.calls
    assert (verb, args["plan"]) == (change["verb"][0], shown["digest"])
    assert args.get("services", []) == change.get("service", [])


@pytest.mark.parametrize("query", ["verb=up", "verb=down", "verb=restart&service=kaspad&service=tracker"])
def test_a_plan_that_has_changed_is_shown_and_asked_again_and_nothing_is_done(
    browser: Browser, agent: Agent, query: str
) -> None:
    client = browser("ada")
    before = client.get(f"/plan?{query}").text
    assert "changed after it was shown" not in before
    agent.stack.downtime_s = 33
    answer = confirm(client, before)
    assert answer.status_code == 303
    agent.operations.wait_idle(10)
    again = client.get(answer.location, follow_redirects=True)
    assert again.request.path == "/plan"
    assert "The plan changed after it was shown to you, so nothing was done. Review the new plan." in again.text
    assert "about 33 s" in again.text
    assert agent.stack.calls == []
    assert str(confirm(client, again.text).location).startswith("/acts/")
    agent.operations.wait_idle(10)
    ((verb, _, by),) = agent.stack.calls
    assert (verb, by) == (parse_qs(query)["verb"][0], "ada")


def test_an_agent_that_refuses_before_it_begins_leads_to_the_new_plan_too(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[dict[str, object]]:
        raise AgentRefused({"kind": "changed", "message": "The plan has changed."})
        yield {}

    client = browser("otto")
    page = client.get("/plan?verb=restart&service=kaspad").text
    monkeypatch.setattr(AgentClient, "stream", refuse)
    answer = confirm(client, page)
    assert (answer.status_code, answer.location) == (303, "/plan?verb=restart&service=kaspad&changed=1")


def test_a_plan_without_a_digest_is_confirmed_without_one(browser: Browser, agent: Agent) -> None:
    agent.stack.gives_digests = False
    client = browser("otto")
    page = client.get("/plan?verb=up").text
    assert 'name="plan"' not in page
    assert str(confirm(client, page).location).startswith("/acts/")
    agent.operations.wait_idle(10)
    assert agent.stack.calls == [("up", {"services": []}, "otto")]


def test_the_script_on_the_progress_page_goes_to_the_new_plan(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    page = client.get("/plan?verb=up").text
    agent.stack.drifted = ["proxy"]
    progress = str(confirm(client, page).location)
    agent.operations.wait_idle(10)
    part = client.get(f"{progress}/rows", headers={"X-Partial": "1"}).text
    assert "data-reload" in part
    assert "The plan has changed since it was shown." in part
