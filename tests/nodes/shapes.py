"""The shape of a JSON answer: its keys and kinds of values, and how two shapes differ, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differences(real: Any, simulated: Any, allowed: frozenset[str] = frozenset(), path: str = "") -> Iterator[str]:
    """Where the simulated answer is of another shape. `allowed`: keys that it may have and the real one lacks.

    null fits anything (a field that is empty just then); every item of a simulated list must fit some item of the real
    one, unless that is empty.
    """
    if real is None or simulated is None:
        return
    if isinstance(real, dict) and isinstance(simulated, dict):
        for key in sorted(real.keys() ^ simulated.keys()):
            if key in real or key not in allowed:
                yield f"{path}.{key} only in the {'real' if key in real else 'simulated'} one"
        for key in real.keys() & simulated.keys():
            yield from differences(real[key], simulated[key], allowed, f"{path}.{key}")
    elif isinstance(real, list) and isinstance(simulated, list):
        for item in simulated:
            tries = [list(differences(other, item, allowed, f"{path}[]")) for other in real]
            if tries and all(tries):
                yield from min(tries, key=len)
    elif type(real) is not type(simulated):
        yield f"{path} is {type(real).__name__} in the real one, {type(simulated).__name__} in the simulated"
