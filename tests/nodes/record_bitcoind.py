"""Record what a real bitcoind on regtest answers.

    PYTHONPATH=services python -m tests.nodes.record_bitcoind --bitcoind PATH --out
    tests/data/bitcoind/regtest-31.99.jsonl

Starts the given bitcoind on free loopback ports with a data folder of its own, runs the scenario, stops it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from tests.nodes import bitcoind_scenario
from tests.nodes.programs import real_bitcoind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bitcoind", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, real_bitcoind(options.bitcoind, Path(folder)) as node:
        steps = bitcoind_scenario.run(node.scenario())
    options.out.write_text("".join(json.dumps(step, separators=(",", ":")) + "\n" for step in steps))


if __name__ == "__main__":
    main()
