"""The one exception whose text is shown to the user."""

from __future__ import annotations

import errno

EXIT_FAILED = 1
EXIT_CHANGES = 10
EXIT_USAGE = 64
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Of an OSError: the disk is full, the quota is used up, the disk is read-only."""


class NodeyardError(Exception):
    """What happened, to which thing (`message`), and what to do next (`hint`).

    Shown as one or two lines without a traceback (unless `--debug`), with `exit_code`.
    """

    def __init__(self, message: str, hint: str = "", *, exit_code: int = EXIT_FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
