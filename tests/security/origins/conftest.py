"""The dashboard's fixtures; see tests/manage/web."""

from __future__ import annotations

from tests.manage.web.conftest import agent, clock, layout, three_users

__all__ = ["agent", "clock", "layout", "three_users"]
