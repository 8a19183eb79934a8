"""Faults on demand: what a broken node looks like to its clients."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Faults:
    """The faults in force. Server and clock look here; the control socket writes."""

    lag_s: float = 0.0
    errors: dict[str, str] = field(default_factory=dict)
    """Method -> message that it answers with."""
    dropped: bool = False
    _running: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._running.set()

    @property
    def frozen(self) -> bool:
        return not self._running.is_set()

    def freeze(self) -> None:
        self._running.clear()

    def clear(self) -> None:
        self.lag_s, self.dropped = 0.0, False
        self.errors.clear()
        self._running.set()

    async def pass_gate(self) -> None:
        """Wait as long as the node is frozen, then as long as it lags."""
        await self._running.wait()
        if self.lag_s:
            await asyncio.sleep(self.lag_s)

    async def thawed(self) -> None:
        """Wait as long as the node is frozen."""
        await self._running.wait()

    def as_json(self) -> dict[str, Any]:
        return {
            "frozen": self.frozen,
            "dropped": self.dropped,
            "lag_ms": round(self.lag_s * 1000),
            "errors": dict(self.errors),
        }
