"""The tracker's errors as HTTP answers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from serving import refusals

from tracker.follower import BalanceUnavailable
from tracker.schemas import NewAddress
from tracker.store.database import DatabaseUnavailable


def install(app: FastAPI) -> None:
    """Make `app` answer every error with a sentence."""
    words: dict[type[Exception], refusals.Words] = {
        RequestValidationError: lambda error: (422, " ".join(map(validation_sentence, error.errors()))),
        DatabaseUnavailable: lambda error: (503, f"The tracker is waiting for its database: {error}."),
        BalanceUnavailable: lambda error: (503, f"The tracker is waiting for its node: {error}."),
    }
    refusals.install(app, "tracker", "/docs", words)


def validation_sentence(fault: Mapping[str, Any]) -> str:
    """One of pydantic's errors as a sentence that names the key."""
    where: Sequence[Any] = [part for part in fault["loc"] if part not in ("body", "query", "path")]
    key = ".".join(str(part) for part in where)
    match fault["type"]:
        case "extra_forbidden":
            known = list(NewAddress.model_fields)
            near = difflib.get_close_matches(key, known, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            return f"Unknown key {key!r}.{meant} Known keys: {', '.join(known)}."
        case "missing":
            return f"{key!r} is missing." if key else "The request has no body. Send a JSON object."
        case "json_invalid":
            return "The body is not valid JSON."
        case "model_attributes_type":
            return "The body must be a JSON object with the content type application/json."
        case "literal_error" if key == "chain":
            return f"Unknown chain {fault['input']!r}. This tracker supports kaspa."
        case "string_pattern_mismatch" if key == "label":
            return "'label' must be one line of text without control characters."
    return f"{key!r} is invalid: {fault['msg']}."
