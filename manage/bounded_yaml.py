"""Bounds of YAML that others wrote, checked before it is parsed: PyYAML recurses in C, which no limit stops."""

from __future__ import annotations

import yaml

MAX_DEPTH = 32
"""Also with aliases expanded, see `manage.catalog.document`. A service file is five levels deep."""
MAX_EVENTS = 200_000


def require_bounded(text: str | bytes, *, aliases: bool = True) -> None:
    """Raise yaml.YAMLError for text that is nested too deeply, too large, or (without `aliases`) holds an alias."""
    loader = yaml.CSafeLoader(text)
    depth = events = 0
    try:
        while (event := loader.get_event()) is not None:
            events += 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH or events > MAX_EVENTS:
                raise yaml.YAMLError("it is too large or nested too deeply")
            if not aliases and isinstance(event, yaml.AliasEvent):
                raise yaml.YAMLError("an alias is not allowed here")
            if isinstance(event, yaml.StreamEndEvent):
                return
    finally:
        loader.dispose()


def load(text: str | bytes, *, aliases: bool = False, ours: bool = False) -> object:
    """The plain values in `text`. Raises yaml.YAMLError, also for what `require_bounded` refuses.

    A text of `ours` comes from the checkout and is not checked for bounds, which would double the time.
    """
    if not ours:
        require_bounded(text, aliases=aliases)
    return yaml.load(text, yaml.CSafeLoader)
