"""The API's requests and responses. Unknown keys are errors; amounts are strings in base units."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tracker.follower_state import Status


class RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewAddress(RequestBody):
    """An address to follow."""

    chain: Literal["kaspa"] = Field(description="The chain of the address.")
    address: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="The address with its prefix, for example kaspasim:qp..."
    )
    label: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = Field(
        None, description="A name for people. If the address is already followed, it replaces the old label."
    )


class Balance(BaseModel):
    """One balance and how current it is. An unknown balance is null, never zero."""

    amount: str | None = Field(description="Base units (sompi) as a decimal string; null while unknown.")
    unit: Literal["sompi"] = "sompi"
    formatted: str | None = Field(description="The amount in KAS.")
    status: Status = Field(description="ok: current. stale: the last known value. pending, error: no value yet.")
    reason: str = Field(description="Why the status is not ok; otherwise empty.")
    daa_score: int | None
    as_of: datetime | None = Field(description="When the node last confirmed it.")
    age_s: float | None


class Address(BaseModel):
    chain: str
    address: str
    label: str
    added_at: datetime


class AddressWithBalance(Address):
    balance: Balance


class Addresses(BaseModel):
    addresses: list[Address]


class Total(BaseModel):
    """The total of one chain. `complete` is false while one of its balances is unknown."""

    amount: str
    unit: Literal["sompi"] = "sompi"
    formatted: str
    status: Status = Field(description="The worst status among its balances.")
    complete: bool


class Portfolio(BaseModel):
    as_of: datetime
    network: str
    addresses: list[AddressWithBalance]
    totals: dict[str, Total] = Field(description="By chain.")


class PlainBalance(BaseModel):
    """A balance in the format of kaspa-rest-server."""

    address: str
    balance: int = Field(description="Sompi.")


class Ready(BaseModel):
    ready: bool
    reason: str
    waits_for: list[str]
    followed: int | None = Field(description="Number of followed addresses; null while the database is unavailable.")
    unreadable: int = Field(description="Number of followed addresses that the node cannot answer.")
    last_event_age_s: float | None
    network: str
    daa_score: int | None


class DatabaseEdition(BaseModel):
    server: str
    timescaledb: str
    licence: str
    hypertable: bool
    compression: bool
    schema_version: int
    note: str


class Live(BaseModel):
    status: Literal["live"] = "live"
    network: str
    uptime_s: float
    database: DatabaseEdition | None = Field(description="null until the database has answered for the first time.")


class Fault(BaseModel):
    error: str = Field(description="What is wrong, as a sentence.")
