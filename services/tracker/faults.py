"""What the tracker says of its own faults."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from serving import refusals

from tracker.follower import NotConfirmed
from tracker.schemas import AddressGiven
from tracker.store.database import DatabaseUnavailable


def install(app: FastAPI) -> None:
    """Let `app` answer all its faults in our words."""
    words: dict[type[Exception], refusals.Words] = {
        RequestValidationError: lambda error: (422, " ".join(map(validation_sentence, error.errors()))),
        DatabaseUnavailable: lambda error: (503, f"The tracker waits for its database: {error}."),
        NotConfirmed: lambda error: (503, f"The tracker waits for its node: {error}."),
    }
    refusals.install(app, "tracker", "/docs", words)


def validation_sentence(fault: Mapping[str, Any]) -> str:
    """One of pydantic's faults in a sentence that names the key."""
    where: Sequence[Any] = [part for part in fault["loc"] if part not in ("body", "query", "path")]
    key = ".".join(str(part) for part in where)
    match fault["type"]:
        case "extra_forbidden":
            known = list(AddressGiven.model_fields)
            near = difflib.get_close_matches(key, known, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            return f"{key!r} is no key of this request; it takes {', '.join(known)}.{meant}"
        case "missing":
            return f"{key!r} is missing." if key else "The request has no body; it must be a JSON object."
        case "json_invalid":
            return "The body is not JSON."
        case "model_attributes_type":
            return "The body must be a JSON object, sent as application/json."
        case "literal_error" if key == "chain":
            return f"The chain {fault['input']!r} is not followed by this tracker; it knows kaspa."
        case "string_pattern_mismatch" if key == "label":
            return "'label' must be one line of text without control characters."
    return f"{key!r} is not usable: {fault['msg']}."
