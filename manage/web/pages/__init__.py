"""The pages of the dashboard, one folder each.

This list registers the routes and drives navigation, keyboard shortcuts, keyboard help and page titles. To add a page,
add its folder and one line here.
"""

from __future__ import annotations

from manage.web.pages.page import Page

PAGES = (
    Page("overview", "Overview", endpoint="overview.page", key="o"),
    Page("logs", "Logs", endpoint="logs.index", key="l"),
    Page("service", "Service"),
    Page("plan", "Plan"),
    Page("progress", "Progress"),
    Page("sign_in", "Sign in"),
    Page("password", "Change password"),
    Page("second_factor", "Second factor"),
    Page("error", "Error"),
)
