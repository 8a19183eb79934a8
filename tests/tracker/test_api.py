"""The HTTP API as its users meet it: token, addresses, refusals, metrics, description; also behind the proxy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stage.waiting import until
from tests.tracker.process import TOKEN, Tracker
from tests.tracker.tinynode import TinyNode

Address = Callable[[int], str]


@pytest.fixture
def api(tracker: Tracker) -> Tracker:
    tracker.wait_ready()
    return tracker


def test_a_start_with_node_and_database_warns_of_nothing(api: Tracker) -> None:
    log = api.log.read_text()
    assert "Application startup complete" in log
    assert "warning" not in log.lower()


ROUTES = [
    ("GET", "/api/portfolio"),
    ("GET", "/api/addresses"),
    ("POST", "/api/addresses"),
    ("DELETE", "/api/addresses/x"),
    ("GET", "/addresses/x/balance"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/nothing"),
    ("GET", "/health/"),
    ("GET", "//health"),
]


@pytest.mark.promise("The token guards every route but `/health` and `/ready`", runs="ci")
def test_without_the_token_nothing_is_answered_but_health_and_readiness(api: Tracker) -> None:
    for method, path in ROUTES:
        for token in (None, "", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper()):
            answer = api.ask(method, path, token=token)
            assert answer.status == 401, (method, path, token)
            assert "token" in answer.body["error"]
            assert answer.headers["www-authenticate"] == "Bearer"
    assert api.ask("GET", "/health", token=None).status == 200
    assert api.ask("GET", "/ready", token=None).status == 200


def test_no_other_origin_is_invited(api: Tracker) -> None:
    assert not [name for name in api.ask("GET", "/api/portfolio").headers if name.startswith("access-control")]


def test_an_address_is_added_listed_and_removed(api: Tracker, address: Address) -> None:
    given = {"chain": "kaspa", "address": address(1), "label": "savings"}
    added = api.ask("POST", "/api/addresses", given)
    assert added.status == 201
    assert {key: added.body[key] for key in given} == given
    assert added.body["balance"]["status"] == "pending"
    [listed] = api.ask("GET", "/api/addresses").body["addresses"]
    assert {key: listed[key] for key in given} == given
    assert api.ask("DELETE", f"/api/addresses/{address(1)}").status == 204
    assert api.ask("GET", "/api/addresses").body == {"addresses": []}
    gone = api.ask("DELETE", f"/api/addresses/{address(1)}")
    assert (gone.status, gone.body["error"]) == (404, f"{address(1)} is not followed.")


def test_adding_an_address_again_answers_200_and_keeps_one(api: Tracker, address: Address) -> None:
    given = {"chain": "kaspa", "address": address(1), "label": "old"}
    api.ask("POST", "/api/addresses", given)
    again = api.ask("POST", "/api/addresses", {**given, "label": "new"})
    assert (again.status, again.body["label"]) == (200, "new")
    without = api.ask("POST", "/api/addresses", {"chain": "kaspa", "address": address(1)})
    assert (without.status, without.body["label"]) == (200, "new")
    assert len(api.ask("GET", "/api/addresses").body["addresses"]) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"chain": "dogecoin", "address": "x"}, "Unknown chain 'dogecoin'"),
        ({"chain": "kaspa", "address": "kaspasim:qqqq"}, "This is not a Kaspa address"),
        (
            {
                "chain": "kaspa",
                # The address of the Kaspa developer fund: rusty-kaspa crypto/addresses/src/lib.rs, tests
                "address": "kaspa:qpauqsvk7yf9unexwmxsnmg547mhyga37csh0kj53q6xxgl24ydxjsgzthw5j",
            },
            "Addresses on sandbox begin with kaspasim:",
        ),
        ({"chain": "kaspa", "adress": "x"}, "Did you mean 'address'?"),
        ({"chain": "kaspa"}, "'address' is missing."),
        ([], "The body must be a JSON object"),
        ("{", "The body is not valid JSON."),
        ({"chain": "kaspa", "address": 5}, "'address' is invalid"),
    ],
)
def test_a_wrong_request_is_refused_in_words(api: Tracker, body: object, sentence: str) -> None:
    answer = api.ask("POST", "/api/addresses", body)
    assert answer.status == 422
    assert sentence in answer.body["error"]
    assert api.ask("GET", "/api/addresses").body == {"addresses": []}


def test_the_balance_of_an_address_that_nobody_follows_is_asked_of_the_node(
    api: Tracker, node: TinyNode, address: Address
) -> None:
    node.pay(address(9), 2**53 + 1, "nine")
    answer = api.ask("GET", f"/addresses/{address(9)}/balance")
    assert answer.body == {"address": address(9), "balance": 2**53 + 1}
    assert answer.headers["x-balance-status"] == "ok"
    node.stop()
    api.wait_not_ready("kaspad")
    assert api.ask("GET", f"/addresses/{address(9)}/balance").status == 503


def test_the_balance_of_a_followed_address_is_answered_while_the_node_is_away_and_says_so(
    api: Tracker, node: TinyNode, address: Address
) -> None:
    node.pay(address(1), 5, "one")
    api.follow(address(1))
    api.wait_amount(address(1), 5)
    node.stop()
    api.wait_not_ready("kaspad")
    answer = api.ask("GET", f"/addresses/{address(1)}/balance")
    assert (answer.status, answer.body["balance"], answer.headers["x-balance-status"]) == (200, 5, "stale")
    assert "x-balance-as-of" in answer.headers


def test_a_balance_of_no_address_is_refused(api: Tracker) -> None:
    assert api.ask("GET", "/addresses/nonsense/balance").status == 422


def test_unknown_paths_and_methods_are_refused_in_words(api: Tracker) -> None:
    assert "no such path" in api.ask("GET", "/api/nothing").body["error"]
    assert api.ask("PUT", "/api/addresses").status == 405


def test_readiness_says_what_is_followed(api: Tracker, node: TinyNode, address: Address) -> None:
    assert api.ready()["last_event_age_s"] is None
    api.follow(address(1))
    api.wait_amount(address(1), 0)
    node.pay(address(1), 1, "one")
    api.wait_amount(address(1), 1)
    body = api.ready()
    assert (body["ready"], body["followed"], body["waits_for"], body["network"]) == (True, 1, [], "sandbox")
    assert 0 <= body["last_event_age_s"] < 5


def test_health_names_the_edition_of_the_database(api: Tracker) -> None:
    body = api.ask("GET", "/health", token=None).body
    assert (body["status"], body["database"]["timescaledb"], body["database"]["hypertable"]) == ("live", "", False)
    assert "without TimescaleDB" in body["database"]["note"]


def test_metrics_count_what_happened_and_name_no_address(api: Tracker, node: TinyNode, address: Address) -> None:
    api.follow(address(1))
    api.wait_amount(address(1), 0)
    node.pay(address(1), 1, "one")
    api.wait_amount(address(1), 1)
    api.ask("GET", f"/addresses/{address(1)}/balance")
    until(lambda: api.metric("tracker_events_total") == 1)
    assert api.metric('tracker_resyncs_total{cause="connect"}') == 1
    assert api.metric('tracker_resyncs_total{cause="follow"}') == 1
    assert api.metric("tracker_followed_addresses") == 1
    assert 0 <= api.metric("tracker_value_age_seconds") < 5
    assert api.metric("tracker_in_force") == api.metric("tracker_database_up") == 1
    label = 'tracker_requests_total{method="GET",route="/addresses/{address}/balance",status="200"}'
    assert api.metric(label) == 1
    answer = api.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert address(1) not in answer.body


def test_the_description_of_the_api_holds_behind_the_proxy(api: Tracker) -> None:
    openapi = api.ask("GET", "/openapi.json").body
    assert openapi["servers"] == [{"url": "/tracker"}]
    assert set(openapi["paths"]) >= {"/api/portfolio", "/api/addresses", "/addresses/{address}/balance", "/ready"}
    docs = api.ask("GET", "/docs")
    assert docs.status == 200
    assert 'href="/tracker/openapi.json"' in docs.body
    assert "POST</b> /tracker/api/addresses" in docs.body
    assert "//" not in docs.body.replace("</", "")  # loads nothing from elsewhere
