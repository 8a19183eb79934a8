"""The routes for users: followed addresses, the portfolio, a single balance."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Depends, Response
from fastapi.security import HTTPBearer
from nodeclients.address import decode
from serving.refusals import Refused

from tracker import portfolio
from tracker.context import Context
from tracker.follower_state import balance_state
from tracker.networks import KaspaNetwork
from tracker.schemas import Addresses, AddressWithBalance, Fault, NewAddress, PlainBalance, Portfolio
from tracker.store import accounts


def router(context: Context) -> APIRouter:
    """All routes under /api, and the balance route of kaspa-rest-server."""
    # BearerToken checks the token. This dependency only adds it to the OpenAPI document.
    api = APIRouter(dependencies=[Depends(HTTPBearer(auto_error=False))], responses={401: {"model": Fault}})
    database, follower, network = context.database, context.follower, context.network
    unavailable: dict[int | str, dict[str, Any]] = {
        503: {"model": Fault, "description": "The database or the node is unavailable; the error says which."}
    }

    @api.post(
        "/api/addresses",
        status_code=201,
        response_model=AddressWithBalance,
        responses={
            **unavailable,
            200: {"model": AddressWithBalance, "description": "The address was already followed."},
            422: {"model": Fault},
        },
    )
    async def add_address(given: NewAddress, response: Response) -> AddressWithBalance:
        """Follow an address. Its balance is `pending` until the tracker has read it from the node."""
        require_address(given.address, network)
        await database.require_available()
        account, new = await database.run(
            lambda connection: accounts.add(connection, given.chain, given.address, given.label)
        )
        if new:
            follower.follow(account.address)
        else:
            response.status_code = 200
        return portfolio.with_balance(account, follower.state, time.time())

    @api.get("/api/addresses", responses=unavailable)
    async def list_addresses() -> Addresses:
        """All followed addresses, oldest first."""
        await database.require_available()
        followed = await database.run(accounts.listing)
        return Addresses(addresses=[portfolio.plain(account) for account in followed])

    @api.delete(
        "/api/addresses/{address}",
        status_code=204,
        response_class=Response,
        responses={**unavailable, 404: {"model": Fault}},
    )
    async def remove_address(address: str) -> None:
        """Stop following an address and delete its history."""
        await database.require_available()
        if not await database.run(lambda connection: accounts.remove(connection, address)):
            raise Refused(404, f"{address} is not followed.")
        follower.unfollow(address)

    @api.get("/api/portfolio", responses=unavailable)
    async def read_portfolio() -> Portfolio:
        """Every followed address with its balance, and the totals. Each status says whether the value is current."""
        await database.require_available()
        followed = await database.run(accounts.listing)
        return portfolio.of_accounts(followed, follower.state, network.name, time.time())

    @api.get("/addresses/{address}/balance", responses={**unavailable, 422: {"model": Fault}})
    async def read_balance(address: str, response: Response) -> PlainBalance:
        """A balance in the format of kaspa-rest-server, from the ledger or, for an unfollowed address, from the node.

        The header X-Balance-Status is `ok` or `stale`; X-Balance-As-Of is when the node last confirmed the balance.
        """
        require_address(address, network)
        account = None
        if not database.health.reason(time.monotonic()):
            account = await database.run(lambda connection: accounts.get(connection, address))
        if account is None or account.balance is None:
            balance = await follower.node_balance(address)
            response.headers["X-Balance-Status"] = "ok"
            return PlainBalance(address=address, balance=balance)
        state = balance_state(account, follower.state, time.time())
        response.headers["X-Balance-Status"] = state.status
        if state.as_of is not None:
            response.headers["X-Balance-As-Of"] = state.as_of.isoformat()
        return PlainBalance(address=address, balance=account.balance)

    return api


def require_address(address: str, network: KaspaNetwork) -> None:
    """Raise Refused (422) unless this is an address of the network."""
    try:
        decoded = decode(address)
    except ValueError as error:
        raise Refused(422, f"This is not a Kaspa address: {error}.") from error
    if decoded.prefix != network.prefix:
        raise Refused(
            422,
            f"{address} belongs to another network. Addresses on {network.name} begin with {network.prefix}:.",
        )
