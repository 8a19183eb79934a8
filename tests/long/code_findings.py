"""bandit (PyPI) over manage/, services/ and install/; ruff's rules of the same kind (`S`) are in every lint run.

Goal: no finding without a reason. A finding that stands has its rule and a reason on its line (`# nosec B608 - ...`);
pyproject.toml names the rules that no line could follow.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator

from tests.bench import common
from tests.long import tools

FOLDERS = ("manage", "services", "install")
MARK = re.compile(r"#\s*nosec\b(?P<rest>.*)")
EXPLAINED = re.compile(r"( B\d{3})+ - \w.*")


def marks() -> Iterator[tuple[str, str]]:
    """(place, text) of each comment that silences bandit."""
    for file in sorted(path for folder in FOLDERS for path in (common.CHECKOUT / folder).rglob("*.py")):
        source = io.StringIO(file.read_text(encoding="utf-8"))
        for token in tokenize.generate_tokens(source.readline):
            if token.type == tokenize.COMMENT and (found := MARK.search(token.string)):
                yield f"{file.relative_to(common.CHECKOUT)}:{token.start[0]}", found["rest"]


def main() -> int:
    arguments = common.options(__doc__ or "", n=1).parse_args()
    bandit = [tools.program("bandit"), "-q", "-r", *FOLDERS, "-c", "pyproject.toml", "-f", "json"]
    done = subprocess.run(bandit, cwd=common.CHECKOUT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    found = [
        f"{row['filename']}:{row['line_number']} {row['test_id']} {row['issue_text']}" for row in report["results"]
    ]
    standing = dict(marks())
    silent = [f"{place} nosec{text}" for place, text in standing.items() if not EXPLAINED.fullmatch(text)]
    return common.report(
        [
            common.Figure("findings of bandit", len(found) + len(report["errors"]), 0, "findings"),
            common.Figure("marks without a rule and a reason", len(silent), 0, "marks"),
        ],
        {
            "lines of code": report["metrics"]["_totals"]["loc"],
            "findings that stand, with a reason": len(standing),
            "unexplained": found + silent,
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
