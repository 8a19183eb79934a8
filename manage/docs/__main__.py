"""Write every generated document, or check that each is fresh."""

from __future__ import annotations

import argparse
import sys

from manage.docs.files import outdated, write
from manage.docs.registry import DOCUMENTS
from manage.installation.layout import CHECKOUT


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m manage.docs", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the documents that are out of date")
    action.add_argument("--check", action="store_true", help="name the documents that are out of date; exit 1 if any")
    stale = {
        path: content
        for document in DOCUMENTS
        for path, content in outdated(CHECKOUT, document, document.make()).items()
    }
    if parser.parse_args(arguments).write:
        write(CHECKOUT, stale)
        for path, content in stale.items():
            sys.stdout.write(f"wrote {path}\n" if content is not None else f"removed {path}\n")
        return 0
    for path in stale:
        sys.stderr.write(f"{path} is out of date. Run: python -m manage.docs --write\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
