"""What the API takes and gives. Unknown keys are errors; amounts are strings of base units."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tracker.standing import Status


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddressGiven(Given):
    """An address to follow."""

    chain: Literal["kaspa"] = Field(description="The chain it lives on.")
    address: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="With its prefix, as in kaspasim:qp..."
    )
    label: Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = Field(
        None, description="What people call it. For an address that is followed already it replaces the old label."
    )


class Balance(BaseModel):
    """One balance and where it comes from. Never zero for want of an answer: then `amount` is null."""

    amount: str | None = Field(description="Base units (sompi) as a decimal string.")
    unit: Literal["sompi"] = "sompi"
    formatted: str | None = Field(description="The same in KAS.")
    status: Status = Field(description="ok: the node's own now. stale: the last known. pending, error: none yet.")
    reason: str = Field(description='Why it is not "ok", else empty.')
    daa_score: int | None
    as_of: datetime | None = Field(description="When it last was the node's own.")
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
    """The sum over one chain. `complete` is false while a balance is missing from it."""

    amount: str
    unit: Literal["sompi"] = "sompi"
    formatted: str
    status: Status = Field(description="The worst of its balances.")
    complete: bool


class Portfolio(BaseModel):
    as_of: datetime
    network: str
    addresses: list[AddressWithBalance]
    totals: dict[str, Total] = Field(description="By chain.")


class PlainBalance(BaseModel):
    """As kaspa-rest-server answers it."""

    address: str
    balance: int = Field(description="Sompi.")


class Ready(BaseModel):
    ready: bool
    reason: str
    waits_for: list[str]
    followed: int | None = Field(description="How many addresses; null while the database cannot be asked.")
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
    database: DatabaseEdition | None = Field(description="null until the database has answered once.")


class Fault(BaseModel):
    error: str = Field(description="A sentence.")
