"""The page of a plan, and of the progress of a change."""

from __future__ import annotations

import pytest

from tests.manage.web.conftest import Browser, change, csrf
from tests.stage.agents import Agent


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
    answer = change(client, "verb=restart&service=kaspad&service=tracker")
    assert answer.status_code == 303
    agent.operations.wait_idle(10)
    text = client.get(answer.location).text
    assert "kaspad and tracker were restarted." in text
    assert "<b>tracker</b> healthy" in text
    ((verb, args, by),) = agent.stack.calls
    assert (verb, args["services"], by) == ("restart", ["kaspad", "tracker"], "otto")


def test_a_change_that_failed_says_why(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    answer = change(client, "verb=restart&service=broken")
    agent.operations.wait_idle(10)
    text = client.get(answer.location).text
    assert "Restarting broken failed." in text
    assert "broken did not become healthy." in text and f"manage --dir {agent.layout.dir} logs broken" in text


def test_a_second_change_names_who_holds_the_place(browser: Browser, agent: Agent) -> None:
    agent.stack.hold.clear()
    otto, ada = browser("otto"), browser("ada")
    first = change(otto, "verb=up")
    assert "Applying stack.yml…" in otto.get(first.location).text
    second = change(ada, "verb=down")
    assert second.status_code == 409
    assert "up by otto is running." in second.text
    agent.stack.hold.set()
    agent.operations.wait_idle(10)


def test_an_operator_cannot_stop_the_stack_by_a_form_of_his_own(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    answer = client.post("/act", data={"csrf": csrf(client), "verb": "down"})
    assert answer.status_code == 403
    assert agent.stack.calls == []
