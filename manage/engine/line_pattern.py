"""Searches a log line for a pattern in time that grows with the length of the line only.

Python's `re` backtracks: `Accepted .* blocks` takes 27 s on a line of 270 kB that a container chose. Here a pattern is
split at `.*`, and each part is searched behind the match of the one before; what else repeats, repeats at most
`MOST_REPEATED` times. The catalog limits what a pattern may use, see `manage.catalog.drivers.pattern`: at most two
repeats, none inside another.
"""

from __future__ import annotations

import re
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any

from manage.immutable import dataclass

MOST_REPEATED = 100
"""A hash in hexadecimal digits is shorter."""
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


@dataclass(frozen=True)
class LinePattern:
    parts: tuple[re.Pattern[str], ...]

    def is_in(self, line: str) -> bool:
        at = 0
        for part in self.parts:
            found = part.search(line, at)
            if found is None:
                return False
            at = found.end()
        return True


def compiled(text: str) -> LinePattern:
    """The pattern `text`. Raises re.error if it is not a regular expression."""
    tree = _parser.parse(text)
    parts = [tree[0:0]]
    for operator, argument in tree:
        if _is_gap(operator, argument):
            for _ in range(argument[0]):
                parts[-1].append(argument[2][0])
            parts.append(tree[0:0])
        else:
            parts[-1].append((operator, _bounded(operator, argument)))
    return LinePattern(tuple(_compiler.compile(part) for part in parts if len(part)))


def _is_gap(operator: Any, argument: Any) -> bool:
    """Whether it is `.*`, or `.` repeated at least a few times."""
    if str(operator) not in ("MAX_REPEAT", "MIN_REPEAT"):
        return False
    least, most, inner = argument
    return most == _parser.MAXREPEAT and least <= MOST_REPEATED and [str(each) for each, _ in inner] == ["ANY"]


def _bounded(operator: Any, argument: Any) -> Any:
    kind = str(operator)
    if kind in _REPEATS:
        least, most, inner = argument
        return least, max(least, min(most, MOST_REPEATED)), _bounded_all(inner)
    if kind == "SUBPATTERN":
        return *argument[:3], _bounded_all(argument[3])
    if kind == "BRANCH":
        return argument[0], [_bounded_all(branch) for branch in argument[1]]
    return argument


def _bounded_all(tree: Any) -> Any:
    found = tree[0:0]
    for operator, argument in tree:
        found.append((operator, _bounded(operator, argument)))
    return found
