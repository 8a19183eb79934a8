"""Whether there is nothing to build or pull: the short way of `up`, without the SDK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from manage.engine import threads
from manage.engine.facts import image_id
from manage.engine.reader import Reader
from manage.images import freshness
from manage.images.lock import Locked
from manage.images.model import ImageSource, Recipe


def are_current(
    names: Iterable[str],
    recipes: Mapping[str, Recipe],
    locked: Mapping[str, Locked],
    source: ImageSource,
    reader: Reader,
) -> bool:
    """True if every image of `names` is locked, made from today's sources and on this engine as locked.

    Then `manage.images.ensure` would change nothing. Raises NodeyardError as `freshness.require_same_source` does.
    """
    names = tuple(names)
    if any(name not in locked for name in names):
        return False
    wanted = {locked[name].image.reference: locked[name].engine_id for name in names}
    present = threads.started(lambda: threads.each(lambda reference: image_id(reader, reference), wanted))
    if freshness.outdated(names, recipes, locked, source):  # while the engine answers
        return False
    return present() == list(wanted.values())
