"""Known vulnerabilities of the locked Python packages: python -m tests.audit [--database URL]

Asks the OSV database (https://google.github.io/osv.dev/post-v1-querybatch/). Exits 1 for every finding, and also if the
database cannot be reached, leaves an answer out, or does not know an old Jinja that is known to be vulnerable: an audit
that could look at nothing proves nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
DATABASE = "https://api.osv.dev/v1/querybatch"
KNOWN_BAD = ("jinja2", "2.4.1")
"""GHSA-462w-v97r-4m45 and others (the example of the database's own documentation)."""
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)

Package = tuple[str, str]
"""Name and version."""


class Blind(Exception):
    """The audit could not look at everything."""


def locked(folder: Path = CHECKOUT / "requirements") -> list[Package]:
    """Every package of every lock file, each once."""
    found = {package for file in folder.glob("*.txt") for package in PINNED.findall(file.read_text(encoding="utf-8"))}
    if not found:
        raise Blind(f"no package is locked in {folder}")
    return sorted(found)


def vulnerabilities(packages: Sequence[Package], database: str = DATABASE) -> dict[Package, list[str]]:
    """Package -> ids of what is known about it, only for packages with any. Raises Blind."""
    asked = [*packages, KNOWN_BAD]
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in asked]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(database, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            results: list[dict[str, Any]] = json.load(answer)["results"]
        found = [[entry["id"] for entry in result.get("vulns", ())] for result in results]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Blind(f"the database {database} gave no answer: {type(error).__name__}: {error}") from error
    if len(found) != len(asked):
        raise Blind(f"the database answered {len(found)} of {len(asked)} questions")
    if not found.pop():
        raise Blind(f"the database knows nothing about {KNOWN_BAD[0]} {KNOWN_BAD[1]}, which is known to be vulnerable")
    return {package: ids for package, ids in zip(packages, found, strict=True) if ids}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database", default=DATABASE)
    given = parser.parse_args(arguments)
    try:
        packages = locked()
        found = vulnerabilities(packages, given.database)
    except Blind as blind:
        print(f"The audit failed: {blind}.", file=sys.stderr)
        return 1
    for (name, version), ids in found.items():
        print(f"{name} {version}: {', '.join(ids)}")
    print(f"{len(packages)} packages, {len(found)} with known vulnerabilities")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
