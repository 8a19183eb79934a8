"""What `manage --debug` shows of the commands that it runs; in its own module, because it is rarely needed."""

from __future__ import annotations

import logging
import sys

from manage import words


class _Plain(logging.Formatter):
    """Records hold output of other programs, so control characters are removed."""

    def format(self, record: logging.LogRecord) -> str:
        return words.plain(super().format(record))


def show() -> None:
    """Print all log records of this process on standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG, handlers=[handler])
    logging.getLogger("urllib3").setLevel(logging.INFO)
