"""The application, with its sources refreshed in the background."""

from __future__ import annotations

import os

from flask import Flask

from manage.web.app import create_app
from manage.web.door import gateway_peers
from manage.web.sources import Sources


def application() -> Flask:
    """The app for the installation that NODEYARD_DIR names."""
    app = create_app(peers=gateway_peers if os.environ.get("NODEYARD_PEERS") == "gateway" else None)
    sources: Sources = app.extensions["sources"]
    sources.refresh()  # or the first page would say that the agent does not answer
    sources.run()
    return app
