"""A service's page: its cause, its evidence, who waits for it; and its log."""

from __future__ import annotations

from manage import words
from manage.installation.layout import Layout
from tests.manage.web.conftest import Browser
from tests.stage import scenery
from tests.stage.agents import Agent, Clock


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
