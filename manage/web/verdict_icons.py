"""One icon per verdict."""

from __future__ import annotations

from markupsafe import Markup

from manage.health.model import VerdictName

ICONS: dict[VerdictName, Markup] = {
    "healthy": Markup('<circle cx="8" cy="8" r="6"/>'),
    "starting": Markup('<circle cx="8" cy="8" r="6" fill="none" stroke-dasharray="3 3"/>'),
    "syncing": Markup('<circle cx="8" cy="8" r="6" fill="none"/><path d="M8 2a6 6 0 0 1 0 12z" stroke="none"/>'),
    "waiting": Markup('<circle cx="8" cy="8" r="6" fill="none"/><path d="M8 4.5V8l2.5 1.5" fill="none"/>'),
    "degraded": Markup('<path d="M8 2l6.5 12h-13z" stroke-linejoin="round"/>'),
    "down": Markup('<path d="M3 3l10 10M13 3L3 13" fill="none" stroke-width="3"/>'),
    "disabled": Markup('<path d="M2 8h12" fill="none"/>'),
}
"""Content of an SVG with a view box of 16 by 16. The shapes differ, so they can be told apart without colour."""
