"""How long the sandbox takes to render, in process: from catalog and configuration to the checked compose file.

Goal: at most 60 ms, the median of fresh renders; the first of the process, which compiles the templates, is printed.
Run: .venv/bin/python -m tests.bench.render [--n 30] [--json]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from manage import config as configuration
from manage.catalog import load_catalog
from manage.render import image_names, render_stack
from manage.render.model import Image, Installation
from tests.bench import common

GOAL_MS = 60.0


def main() -> int:
    arguments = common.options(__doc__ or "", n=30).parse_args()
    catalog = load_catalog()
    config = configuration.parse("version: 1\nprofiles: [sandbox]\n", "stack.yml", catalog)
    names = image_names(catalog, config)
    images = {name: Image(name, f"localhost/nodeyard/{name}:1", f"sha256:{name}") for name in names}
    installation = Installation("0123abcd", "nodeyard")

    def once() -> float:
        start = time.perf_counter()
        render_stack(catalog, config, installation, images, {}, Path("/srv/yard"))
        return (time.perf_counter() - start) * 1000

    first = once()
    times = [once() for _ in range(arguments.n)]
    figures = [common.Figure("render of the sandbox, median", common.median(times), GOAL_MS, "ms")]
    details = {"first render of the process": f"{first:.1f} ms", "slowest": f"{max(times):.1f} ms", "runs": arguments.n}
    return common.report(figures, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
