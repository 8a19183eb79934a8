"""Journey 1: from nothing to a followed address that was paid, and everything gone again."""

from __future__ import annotations

import time

import pytest

from tests.journeys.installed import Installed, until

PAYEE = "kaspasim:qprx6l72u437tjcf5rgcwza4sq6ysprp0pu6zj2feu3zshcm4cljwd5me0nwt"
"""The payee of the recorded payment in tests/data/kaspad/simnet-2.0.1.jsonl."""


def follow(installed: Installed, address: str) -> None:
    answer = installed.http(
        "/tracker/api/addresses", body={"chain": "kaspa", "address": address, "label": "mine"}, token=installed.token()
    )
    assert answer.status in (200, 201), answer.body


def amount(installed: Installed, address: str, token: str) -> int:
    portfolio = installed.http("/tracker/api/portfolio", token=token).json()
    return next(int(a["balance"]["amount"] or 0) for a in portfolio["addresses"] if a["address"] == address)


@pytest.mark.promise("All services of the sandbox are healthy after setup", runs="ci")
@pytest.mark.promise("The oracle is part of the default sandbox and healthy after setup", runs="ci")
def test_every_service_is_healthy_after_setup(installed: Installed) -> None:
    verdicts = installed.verdicts()
    assert {name for name, (verdict, _) in verdicts.items() if verdict != "healthy"} == set(), verdicts
    assert installed.json("status")["sentence"] == f"All {len(verdicts)} services are healthy."


def test_a_second_up_has_nothing_to_do(installed: Installed) -> None:
    before = installed.container("tracker")
    plan = installed.json("plan")
    assert (plan["operations"], plan["images"]) == ([], [])
    installed.run("up")
    assert installed.container("tracker") == before


@pytest.mark.promise("After `sandbox pay` the new balance is in the portfolio within 2 s", runs="ci")
def test_a_payment_is_in_the_portfolio_within_two_seconds(installed: Installed) -> None:
    follow(installed, PAYEE)
    token = installed.token()
    before = amount(installed, PAYEE, token)
    paid = installed.json("sandbox", "pay", PAYEE, "5")
    start = time.monotonic()
    assert paid["amount"] == 500_000_000
    until(lambda: amount(installed, PAYEE, token) == before + 500_000_000, 2, "the payment in the portfolio")
    assert time.monotonic() - start < 2


@pytest.mark.promise("A balance survives a restart of the tracker", runs="ci")
def test_a_balance_outlives_a_restart_of_the_tracker(installed: Installed) -> None:
    follow(installed, PAYEE)
    token = installed.token()
    before = amount(installed, PAYEE, token)
    installed.run("restart", "tracker")
    until(lambda: installed.http("/tracker/ready").status == 200, 30, "the tracker ready again")
    assert amount(installed, PAYEE, token) == before


def test_the_dashboard_answers_and_asks_for_a_login(installed: Installed) -> None:
    assert installed.http("/login", port=0).status == 200
    assert "login" in installed.http("/", port=0).body.lower()


@pytest.mark.promise("`down` leaves the manager running, and `up` starts the stack again", runs="ci")
def test_down_leaves_the_manager_and_up_comes_back(installed: Installed) -> None:
    installed.run("down")
    assert installed.container("tracker") == ""
    assert installed.container("dashboard") != ""
    until(
        lambda: all(
            v == "disabled" for n, (v, _) in installed.verdicts().items() if n not in ("agent", "watch", "dashboard")
        ),
        15,
        "every service of the stack disabled",
    )
    installed.run("up")
    verdicts = installed.verdicts()
    assert {verdict for verdict, _ in verdicts.values()} == {"healthy"}, verdicts
