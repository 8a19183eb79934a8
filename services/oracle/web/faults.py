"""What the oracle says of its own faults."""

from __future__ import annotations

from fastapi import FastAPI
from serving import refusals

from oracle.history.entries import HistoryUnavailable


def install(app: FastAPI) -> None:
    """Let `app` answer all its faults in our words."""
    refusals.install(app, "oracle", "/openapi.json", {HistoryUnavailable: _waits})


def _waits(error: HistoryUnavailable) -> tuple[int, str]:
    return 503, f"The oracle waits for its history: {error}."
