"""The one exception that a person is meant to read."""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_USAGE = 64


class OracleError(Exception):
    """What happened, to which thing (`message`), and what to do next (`hint`); shown without a traceback."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
