"""The exception for users."""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_USAGE = 64


class OracleError(Exception):
    """What is wrong and where (`message`), and what to do (`hint`). Shown without a traceback."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
