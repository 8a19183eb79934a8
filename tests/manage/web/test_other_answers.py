"""Answers that belong to no page."""

from __future__ import annotations

from flask import Flask

from tests.manage.web.conftest import Browser


def test_a_page_that_is_not_there_is_a_sentence(browser: Browser) -> None:
    answer = browser("vera").get("/backups")
    assert answer.status_code == 404
    assert "This page does not exist." in answer.text


def test_health_needs_no_session_and_tells_nothing(app: Flask) -> None:
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
