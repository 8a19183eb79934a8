"""Signing in, as a person does."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from manage.access import users
from tests.browser.conftest import Complaints, Dashboard, sign_in

Pages = Callable[..., Page]


def test_the_first_login_leads_to_a_password_of_ones_own_and_then_to_the_overview(
    new_page: Pages, dashboard: Dashboard
) -> None:
    users.add(dashboard.layout, "newcomer", "viewer", "some first password", must_change=True)
    page = new_page()
    page.goto("/services/kaspad")
    sign_in(page, "newcomer", "some first password")
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    page.get_by_label("Current password").fill("some first password")
    page.get_by_label("New password, at least").fill("green apples grow")
    page.get_by_label("New password again").fill("green apples grow")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_role("heading", name="All 9 services are healthy.")).to_be_visible()


def test_a_wrong_password_says_so_and_lets_one_try_again(new_page: Pages, complaints: Complaints) -> None:
    page = new_page()
    page.goto("/")
    sign_in(page, "ada", "not this one")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    complaints.expect("403")


def test_signing_out_ends_at_the_login_and_back_does_not_bring_the_page(signed_in: Pages) -> None:
    page = signed_in()
    page.get_by_text("ada", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_link_from_another_site_leads_where_it_says_although_it_brings_no_cookie(
    signed_in: Pages, dashboard: Dashboard
) -> None:
    page = signed_in("vera")
    page.route(
        "http://mail.example/",
        lambda route: route.fulfill(body=f"<a href='{dashboard.url}/services/kaspad'>x</a>", content_type="text/html"),
    )
    page.goto("http://mail.example/")
    page.get_by_text("x").click()
    page.wait_for_url("**/services/kaspad")
    expect(page.get_by_role("heading", name="kaspad: tip")).to_be_visible()
