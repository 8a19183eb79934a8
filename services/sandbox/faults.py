"""Faults on demand: they make the simulator look like a broken node."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Faults:
    """The active faults. The control socket sets them; the server and the clock read them."""

    lag_s: float = 0.0
    errors: dict[str, str] = field(default_factory=dict)
    """Method -> the error message that it answers."""
    dropped: bool = False
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the state is written, so that an older one never replaces a newer one."""
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

    async def wait_for_turn(self) -> None:
        """Wait until the node is not frozen, then for the lag."""
        await self._running.wait()
        if self.lag_s:
            await asyncio.sleep(self.lag_s)

    async def wait_while_frozen(self) -> None:
        """Wait until the node is not frozen."""
        await self._running.wait()

    def as_json(self) -> dict[str, Any]:
        return {
            "frozen": self.frozen,
            "dropped": self.dropped,
            "lag_ms": round(self.lag_s * 1000),
            "errors": dict(self.errors),
        }
