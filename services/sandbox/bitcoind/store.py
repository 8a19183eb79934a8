"""The chain on disk, so that balances survive a restart of the simulator. Files in the data folder:

    sandbox-state.json     tip, the UTXO set, the headers that a reorg may still replace
    sandbox-headers.dat    the older headers from the genesis block on, 80 bytes each; append-only
    sandbox-blocks/        the blocks that are stored in full, each with the coins that it spent

Unconfirmed transactions are not saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from sandbox import files
from sandbox.bitcoind.block import read_block
from sandbox.bitcoind.chain import Chain, Connected
from sandbox.bitcoind.coins import Coin
from sandbox.bitcoind.tx import Outpoint

FORMAT = 1
_HEADER = 80


def saving(folder: Path, chain: Chain) -> Callable[[], None]:
    """Copies the state; the function that it returns writes the copy and may run in another thread.

    It writes in an order that leaves the old state or the new one after a crash at any point.
    """
    wanted = {f"{block_hash[::-1].hex()}.json": connected for block_hash, connected in chain.kept.items()}
    settled, headers, coins = chain.prune_height, list(chain.headers), list(chain.coins)

    def write() -> None:
        blocks = folder / "sandbox-blocks"
        blocks.mkdir(exist_ok=True)
        there = {path.name for path in blocks.iterdir()}
        for name in wanted.keys() - there:
            files.replace(blocks / name, json.dumps(_connected_row(wanted[name])))
        with (folder / "sandbox-headers.dat").open("ab") as file:
            file.write(b"".join(headers[file.tell() // _HEADER : settled]))
        state = {
            "version": FORMAT,
            "settled": settled,
            "headers": [raw.hex() for raw in headers[settled:]],
            "coins": [_coin_row(outpoint, coin) for outpoint, coin in coins],
        }
        files.replace(folder / "sandbox-state.json", json.dumps(state, separators=(",", ":")))
        for name in there - wanted.keys():
            (blocks / name).unlink()

    return write


def load(folder: Path, chain: Chain) -> bool:
    """Load the saved state into a new chain; False if there is none."""
    try:
        state = json.loads((folder / "sandbox-state.json").read_text())
        settled = (folder / "sandbox-headers.dat").read_bytes()[: state["settled"] * _HEADER]
    except FileNotFoundError:
        return False
    if state["version"] != FORMAT:
        return False
    headers = [settled[at : at + _HEADER] for at in range(0, len(settled), _HEADER)]
    headers += [bytes.fromhex(row) for row in state["headers"]]
    kept = [_read_connected(path) for path in (folder / "sandbox-blocks").glob("*.json")]
    chain.restore(headers, kept, [_coin(row) for row in state["coins"]])
    return True


def _connected_row(connected: Connected) -> dict[str, object]:
    return {
        "height": connected.height,
        "raw": connected.block.raw.hex(),
        "spent": [_coin_row(outpoint, coin) for outpoint, coin in connected.spent.items()],
    }


def _read_connected(path: Path) -> Connected:
    row = json.loads(path.read_text())
    return Connected(read_block(bytes.fromhex(row["raw"])), row["height"], dict(map(_coin, row["spent"])))


def _coin_row(outpoint: Outpoint, coin: Coin) -> list[object]:
    return [outpoint.txid.hex(), outpoint.vout, coin.amount, coin.script.hex(), coin.height, coin.coinbase]


def _coin(row: list[str | int]) -> tuple[Outpoint, Coin]:
    txid, vout, amount, script, height, coinbase = row
    outpoint = Outpoint(bytes.fromhex(str(txid)), int(vout))
    return outpoint, Coin(int(amount), bytes.fromhex(str(script)), int(height), bool(coinbase))
