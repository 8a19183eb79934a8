"""Which regular expressions an option of type `pattern` may hold: those whose matching time is bounded.

Python's `re` backtracks, so a short pattern can take hours on a short text. A pattern is accepted when it has at most
`MAX_REPEATS` variable repeats (`*`, `+`, `?`, `{2,5}`), each of a single character or character class and none inside
a repeated group, and neither back-references nor look-arounds. Then matching a text of n characters as a whole takes
at most about n to the power `MAX_REPEATS` steps; callers limit n.
"""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MAX_LENGTH = 200
MAX_REPEATS = 2
_ATOMS = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "CATEGORY", "RANGE", "NEGATE", "AT"}
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


def pattern_fault(text: str) -> str:
    """Why the pattern is refused, as the end of a sentence; "" when it is accepted."""
    if len(text) > MAX_LENGTH:
        return f"is longer than {MAX_LENGTH} characters"
    try:
        re.compile(text)
        tree = _parser.parse(text)
    except (re.error, RecursionError, OverflowError) as fault:
        return f"is not a regular expression: {fault}"
    try:
        repeats = _repeats(tree)
    except _Refused as fault:
        return str(fault)
    return f"has {repeats} repeats; at most {MAX_REPEATS} are allowed" if repeats > MAX_REPEATS else ""


class _Refused(Exception):
    """The pattern uses something whose matching time has no small bound."""


def _repeats(tree: Any) -> int:
    """The number of variable repeats in a parsed pattern."""
    count = 0
    for operator, argument in tree:
        kind = str(operator)
        if kind in _ATOMS:
            continue
        if kind in _REPEATS:
            least, most, inner = argument
            if any(str(each) not in _ATOMS for each, _ in inner) or len(inner) != 1:
                raise _Refused("repeats a group; only a single character or character class may be repeated")
            if least != most:
                count += 1
            elif int(most) > MAX_LENGTH:
                raise _Refused(f"repeats a character more than {MAX_LENGTH} times")
        elif kind == "SUBPATTERN":
            count += _repeats(argument[3])
        elif kind == "BRANCH":
            count += sum(_repeats(branch) for branch in argument[1])
        else:
            raise _Refused("uses a look-around, a back-reference or another construct that is not allowed")
    return count
