"""What `.venv/bin/manage` runs. Until `main` can answer a Ctrl-C, it ends Python without a traceback."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from manage.cli.main import main

main()
