"""The second factor in a browser: shown once as a picture, then asked for by every change."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from manage.access import second_factor, users
from tests.browser.conftest import Complaints, Dashboard, sign_in
from tests.security.access.conftest import code

Pages = Callable[..., Page]


def test_a_second_factor_is_set_up_and_confirms_a_change(
    new_page: Pages, dashboard: Dashboard, complaints: Complaints
) -> None:
    users.add(dashboard.layout, "olga", "operator", "some long password")
    page = new_page()
    page.goto("/second-factor")
    sign_in(page, "olga", "some long password")
    page.get_by_label("Your password").fill("some long password")
    page.get_by_role("button", name="Show the code for my app").click()
    picture = page.get_by_role("img", name="QR code of the secret below")
    expect(picture).to_be_visible()
    box = picture.locator("svg").bounding_box()
    assert box and box["width"] > 150 and abs(box["width"] - box["height"]) < 2
    secret = (page.locator("#secret").text_content() or "").replace(" ", "")
    page.get_by_label("Code from your authenticator app").fill(code(dashboard.agent, secret))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Your second factor is set up")).to_be_visible()
    page.goto("/plan?verb=restart&service=kaspad")
    page.get_by_label("Code from your authenticator app").fill("000000")
    page.get_by_role("button", name=re.compile("Restart kaspad")).click()
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong or was used before.")
    page.get_by_label("Code from your authenticator app").fill(code(dashboard.agent, secret, steps=1))
    page.get_by_role("button", name=re.compile("Restart kaspad")).click()
    expect(page.get_by_role("heading", name="kaspad was restarted.")).to_be_visible()
    complaints.expect("403")
    assert second_factor.enrolled(dashboard.layout, "olga")
