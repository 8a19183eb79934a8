"""Numbers as text: durations "4 min 10 s", sizes "1.31 TB", counts "92 481 230" with thin spaces."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Mapping

THIN = "\u202f"


def duration(seconds: float) -> str:
    """Seconds as text with at most two units: "0.4 s", "12 s", "4 min 10 s", "3 h 5 min", "12 days"."""
    if seconds < 0:
        seconds = 0.0
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if whole < 2 * 86400:
        hours, rest = divmod(whole, 3600)
        return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"
    return f"{whole // 86400} days"


def size(count: float) -> str:
    """Bytes with decimal units and three digits: "512 B", "41 MB", "1.31 TB"."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            break
        count /= 1000
    if unit == "B" or count >= 99.95:
        return f"{count:.0f} {unit}"
    return f"{count:.3g} {unit}"


def number(count: int) -> str:
    """An integer in groups of three: 92481230 -> "92 481 230" (thin spaces from 10 000 on)."""
    return f"{count:,}".replace(",", THIN) if abs(count) >= 10_000 else str(count)


def decimal(value: float, digits: int = 6) -> str:
    """A number with at most so many significant digits, never with an exponent: "0.25", "67123.4", "1 796 000 000"."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 10**digits:
        return number(round(value))
    text = f"{value:.{digits}g}"
    return f"{value:.12f}".rstrip("0").rstrip(".") if "e" in text else text


def percent(value: float) -> str:
    """Per cent: "12 %", with one decimal below 10 and from 99 to 100: "3.4 %", "99.9 %"."""
    return f"{value:.1f} %" if value < 9.95 or 99 <= value < 100 else f"{value:.0f} %"


_YEAR_10000 = 253_402_300_800
"""In unix seconds; `time.gmtime` fails at some later time."""


def value(value: object, unit: str = "") -> str:
    """A measured value with its unit: 1310000000 "bytes" -> "1.31 GB", 92481230 -> "92 481 230".

    The unit "s" is a duration, "s old" an age, "unix" a point in time, shown in UTC.
    """
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_item(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_item, value)) or "none"
    if not isinstance(value, int | float):
        return f"{value} {unit}".rstrip()
    if unit in ("bytes", "B"):
        return size(value)
    if unit == "unix" and 0 <= value < _YEAR_10000:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(value))
    if unit == "s" or unit.startswith("s "):
        return f"{'-' if value < 0 else ''}{duration(abs(value))}{unit[1:]}"
    return f"{number(value) if isinstance(value, int) else decimal(value)} {unit}".rstrip()


def _item(item: object) -> str:
    return value(item)


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 peer", "8 peers"."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def listing(names: list[str] | tuple[str, ...]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def suggestion(name: str, known: Collection[str], otherwise: str = "There are") -> str:
    """What somebody who wrote `name` may have meant: "Did you mean tracker?", or "There are: proxy, tracker."."""
    from difflib import get_close_matches  # imported only for a mistake

    close = get_close_matches(name, known, 1)
    return f"Did you mean {close[0]}?" if close else f"{otherwise}: {', '.join(known)}."


def printable(text: str) -> str:
    """`text` without control characters, so that it cannot move the cursor or change colours of a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""A control sequence of a terminal, such as a colour (ECMA-48, 5.4)."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0, C1, separators, directions of writing and surrogates: everything but tab and line break."""


def plain(text: str) -> str:
    """`text` with its tabs and line breaks, without colours and without characters that control a terminal."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", _SEQUENCE.sub("", text))


_NO_DOWNTIME = {
    "create": "not running yet",
    "restart": "not running now",
    "reload": "keeps running",
    "unpause": "paused now",
    "remove": "stays stopped",
}


def downtime(kind: str, seconds: int) -> str:
    """How long a service is away during an operation of a plan: "about 40 s", "stays stopped"."""
    return about(seconds) if seconds else _NO_DOWNTIME.get(kind, "no downtime")


def about(seconds: int) -> str:
    """An expected duration: "about 40 s"."""
    return f"about {seconds} s" if seconds < 60 else f"about {duration(seconds)}"
