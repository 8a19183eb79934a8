"""`manage sandbox`: pay, mine and break things on the simulated chains."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click

from manage import words
from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation.layout import Layout

NODES = ("kaspad", "bitcoind")
UNITS = {"kaspad": ("KAS", 8), "bitcoind": ("BTC", 8)}
"""Coin and number of decimals of its base unit (sompi, sat)."""


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage sandbox pay kaspasim:qprx6l72u437tjcf5rgcwza4sq6ysprp0pu6zj2feu3zshcm4cljwd5me0nwt 5
  manage sandbox mine --node bitcoind 3
  manage sandbox reorg --node kaspad 4
  manage sandbox freeze --node bitcoind       (and: clear)
  manage sandbox lag --node kaspad 800
  manage sandbox error --node bitcoind getblockchaininfo "Loading block index"

Only on network sandbox. The simulators check amounts, fees and double spends, not signatures.""",
)
def command() -> None:
    """Pay, mine and break things on the simulated chains."""


def _ask(layout: Layout, node: str, verb: str, **arguments: Any) -> dict[str, Any]:
    require_root("Controlling a simulator")
    from sandbox import control

    socket = layout.sandbox_socket(node)
    if not socket.exists():
        require_installation(layout)
        raise NodeyardError(
            f"There is no simulated {node} in {layout.dir}.",
            "The sandbox commands need network sandbox and a running stack. Start it: manage up",
        )
    try:
        return control.call(socket, verb, timeout_s=60.0, **arguments)  # 10,000 blocks take a few seconds
    except control.ControlError as error:
        raise NodeyardError(
            f"{node}: {error}.", f"See its state: manage status. See the arguments: manage sandbox {verb} --help"
        ) from error


def _base_units(amount: str, node: str) -> int:
    coin, decimals = UNITS[node]
    try:
        value = Decimal(amount).scaleb(decimals)
    except InvalidOperation:
        raise NodeyardError(
            f"{amount!r} is not an amount.",
            f"Give a decimal number of {coin}, such as 5 or 0.25.",
            exit_code=EXIT_USAGE,
        ) from None
    if not value.is_finite() or value <= 0:
        raise NodeyardError(f"The amount must be more than 0 {coin}.", exit_code=EXIT_USAGE)
    if value != value.to_integral_value():
        raise NodeyardError(f"{amount} {coin} has more than {decimals} decimals.", exit_code=EXIT_USAGE)
    return int(value)


def _node_of(address: str) -> str:
    from nodeclients.networks import BITCOIN, KASPA

    prefixes = {"kaspad": f"{KASPA['sandbox'].prefix}:", "bitcoind": f"{BITCOIN['sandbox'].prefix}1"}
    for node, prefix in prefixes.items():
        if address.startswith(prefix):
            return node
    raise NodeyardError(
        f"{address!r} is not an address of a simulated chain.",
        f"Kaspa addresses begin with {prefixes['kaspad']}, Bitcoin addresses with {prefixes['bitcoind']}. You can also "
        "name the node: --node kaspad",
        exit_code=EXIT_USAGE,
    )


def _done(answer: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        output.emit(answer)
    else:
        output.say(sentence)


def _with_node(function: Any) -> Any:
    return click.option("--node", type=click.Choice(NODES), required=True, help="Which simulated node.")(function)


@command.command()
@click.argument("address")
@click.argument("amount")
@click.option("--node", type=click.Choice(NODES), help="Which simulated node; derived from the address if omitted.")
@with_dir
@with_json
def pay(address: str, amount: str, node: str | None, layout: Layout, as_json: bool) -> None:
    """Pay AMOUNT coins (a decimal number, such as 0.25) to ADDRESS."""
    chosen = node or _node_of(address)
    units = _base_units(amount, chosen)
    answer = _ask(layout, chosen, "pay", address=address, amount=units)
    _done(answer, as_json, f"Paid {amount} {UNITS[chosen][0]} to {address}: transaction {answer['transaction_id']}")


@command.command()
@_with_node
@click.argument("blocks", type=click.IntRange(1, 10_000), default=1)
@click.option("--address", help="Address that gets the reward; the simulator's own miner if omitted.")
@with_dir
@with_json
def mine(node: str, blocks: int, address: str | None, layout: Layout, as_json: bool) -> None:
    """Mine BLOCKS blocks now."""
    arguments = {"address": address} if address else {}
    _done(
        _ask(layout, node, "mine", blocks=blocks, **arguments),
        as_json,
        f"{node} mined {words.plural(blocks, 'block')}.",
    )


@command.command()
@_with_node
@click.argument("depth", type=click.IntRange(1, 1000), default=3)
@with_dir
@with_json
def reorg(node: str, depth: int, layout: Layout, as_json: bool) -> None:
    """Replace the last DEPTH blocks with a longer chain."""
    _done(_ask(layout, node, "reorg", depth=depth), as_json, f"{node} replaced {words.plural(depth, 'block')}.")


@command.command()
@_with_node
@with_dir
@with_json
def freeze(node: str, layout: Layout, as_json: bool) -> None:
    """Freeze the node: it accepts connections, but answers nothing and adds no block. Undo: clear."""
    _done(_ask(layout, node, "freeze"), as_json, f"{node} is frozen. Undo: manage sandbox clear --node {node}")


@command.command()
@_with_node
@with_dir
@with_json
def drop(node: str, layout: Layout, as_json: bool) -> None:
    """Close every connection and refuse new ones. Undo: clear."""
    _done(_ask(layout, node, "drop"), as_json, f"{node} refuses connections. Undo: manage sandbox clear --node {node}")


@command.command()
@_with_node
@click.argument("milliseconds", type=click.IntRange(0, 600_000))
@with_dir
@with_json
def lag(node: str, milliseconds: int, layout: Layout, as_json: bool) -> None:
    """Delay every answer by MILLISECONDS. Undo: clear."""
    _done(_ask(layout, node, "lag", ms=milliseconds), as_json, f"{node} answers {milliseconds} ms late.")


@command.command()
@_with_node
@click.argument("method")
@click.argument("message", default="simulated fault")
@with_dir
@with_json
def error(node: str, method: str, message: str, layout: Layout, as_json: bool) -> None:
    """Answer calls of METHOD with the error MESSAGE. Undo: clear."""
    _done(
        _ask(layout, node, "error", method=method, message=message), as_json, f"{node} answers {method} with an error."
    )


@command.command()
@_with_node
@with_dir
@with_json
def clear(node: str, layout: Layout, as_json: bool) -> None:
    """End every simulated fault of this node."""
    _done(_ask(layout, node, "clear"), as_json, f"{node} behaves normally again.")
