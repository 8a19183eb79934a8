"""Bounds of YAML that others wrote, checked before it is parsed: PyYAML recurses in C, which no limit stops."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

MAX_DEPTH = 32
"""Also with aliases expanded, see `manage.catalog.document`. A service file is five levels deep."""
MAX_EVENTS = 200_000


@dataclass
class _Open:
    """A collection that has not ended, or at the bottom the document: how much it holds with its aliases expanded."""

    anchor: str | None
    events: int = 1
    depth: int = 0
    """Of what it holds; a collection of scalars has 0."""

    def add(self, events: int, depth: int) -> None:
        self.events += events
        self.depth = max(self.depth, depth)


def require_bounded(text: str | bytes, *, aliases: bool = True) -> None:
    """Raise yaml.YAMLError for text that is nested too deeply, too large, or (without `aliases`) holds an alias.

    An alias counts as what it stands for: a few lines of aliases of aliases expand to more than any memory holds.
    """
    loader = yaml.CSafeLoader(text)
    known: dict[str, tuple[int, int]] = {}
    open_: list[_Open] = [_Open(None)]
    seen = 0
    try:
        while (event := loader.get_event()) is not None:
            seen += 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append(_Open(event.anchor))
            elif isinstance(event, yaml.CollectionEndEvent):
                ended = open_.pop()
                open_[-1].add(ended.events + 1, ended.depth + 1)
                if ended.anchor:
                    known[ended.anchor] = ended.events + 1, ended.depth + 1
            elif isinstance(event, yaml.AliasEvent):
                if not aliases:
                    raise yaml.YAMLError("an alias is not allowed here")
                if any(event.anchor == each.anchor for each in open_):
                    raise yaml.YAMLError(f"the alias {event.anchor:.40} stands for itself")
                open_[-1].add(*known.get(str(event.anchor), (1, 0)))
            else:
                open_[-1].add(1, 0)
            if max(seen, open_[-1].events) > MAX_EVENTS or len(open_) - 1 + open_[-1].depth > MAX_DEPTH:
                raise yaml.YAMLError("it is too large or nested too deeply")
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
