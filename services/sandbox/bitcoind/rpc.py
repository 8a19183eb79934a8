"""RPC methods and their arguments: src/rpc/util.cpp at v31.99."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.bitcoind.node import Node

MISC, TYPE, INVALID_ADDRESS, INVALID_PARAMETER, DESERIALIZATION = -1, -3, -5, -8, -22
ALREADY_IN_UTXO_SET = -27
"""Error codes: src/rpc/protocol.h."""


class RpcError(Exception):
    """An error answer with a code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Parameter:
    name: str
    kinds: tuple[type, ...]
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Method:
    run: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()


def call(node: Node, name: str, method: Method, arguments: list[Any] | dict[str, Any]) -> Any:
    """The result of a method. Raises RpcError if the arguments do not match its parameters."""
    usage = " ".join([name, *(each.name if each.required else f"( {each.name} )" for each in method.parameters)])
    if isinstance(arguments, dict):
        unknown = arguments.keys() - {each.name for each in method.parameters}
        if unknown:
            raise RpcError(INVALID_PARAMETER, f"Unknown named parameter {min(unknown)}")
        arguments = [arguments.get(each.name) for each in method.parameters]
    if len(arguments) > len(method.parameters):
        raise RpcError(MISC, usage)
    given = arguments + [None] * (len(method.parameters) - len(arguments))
    values = []
    for place, (parameter, value) in enumerate(zip(method.parameters, given, strict=True), 1):
        if value is None and parameter.required:
            raise RpcError(MISC, usage)
        if value is not None and not _fits(value, parameter.kinds):
            wanted = _JSON_NAMES[parameter.kinds[0]]
            message = f"JSON value of type {_JSON_NAMES[type(value)]} is not of expected type {wanted}"
            position = f"Position {place} ({parameter.name})"
            raise RpcError(TYPE, f'Wrong type passed:\n{{\n    "{position}": "{message}"\n}}')
        values.append(parameter.default if value is None else value)
    return method.run(node, *values)


_JSON_NAMES = {int: "number", float: "number", str: "string", bool: "bool", list: "array", dict: "object"}


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    return bool in kinds if isinstance(value, bool) else isinstance(value, kinds)
