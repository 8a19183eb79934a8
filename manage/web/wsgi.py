"""What gunicorn runs: the application with its feeds at work."""

from __future__ import annotations

from flask import Flask

from manage.web.app import create_app
from manage.web.sources import Feeds


def application() -> Flask:
    """The app of the installation that NODEYARD_DIR names, its background thread running."""
    app = create_app()
    feeds: Feeds = app.extensions["feeds"]
    feeds.refresh()  # so that the first page does not say that the agent is away
    feeds.run()
    return app
