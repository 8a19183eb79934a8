"""The oracle's errors as HTTP answers."""

from __future__ import annotations

from fastapi import FastAPI
from serving import refusals

from oracle.history.entries import HistoryUnavailable


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a sentence."""
    refusals.install(app, "oracle", "/openapi.json", {HistoryUnavailable: _history_unavailable})


def _history_unavailable(error: HistoryUnavailable) -> tuple[int, str]:
    return 503, f"The history is unavailable: {error}."
