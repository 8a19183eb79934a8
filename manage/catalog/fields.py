"""The description of a key. Classes, checks of files, the JSON Schema and the documentation derive from it.

In a class of `manage.catalog.model`, a field with a description is a key of the file; a field without one is
computed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Literal

from manage.immutable import dataclass

Kind = Literal["text", "texts", "integer", "number", "numbers", "boolean", "size", "any", "mapping", "table", "tables"]
"""`texts` is a list, `numbers` and `mapping` are maps from a name, `table` is one nested class, `tables` are several of
them: a map by name where the class has a field `name`, otherwise a list."""


class Required:
    """The default of a key that a file must have."""


@dataclass(frozen=True)
class Key:
    """One key of a file: its kind, its default and what it means."""

    kind: Kind
    help: str
    """What the key means, in one sentence."""
    default: Any = Required
    why: str = ""
    """Why a required key is needed, as the end of the sentence that reports it missing."""
    choices: tuple[str, ...] = ()
    table: type | None = None
    by_name: bool = False

    @property
    def nested(self) -> type:
        """The class of a table. Raises TypeError for any other key."""
        if self.table is None:
            raise TypeError(f"{self.kind} has no nested class")
        return self.table


def described(kind: Kind, help: str, default: Any = Required, **more: Any) -> Any:
    """A dataclass field that a file fills in."""
    description = Key(kind, help, default, **more)
    if default is Required:
        return dataclasses.field(metadata={"key": description})
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata={"key": description})
    return dataclasses.field(default=default, metadata={"key": description})


def keys(table: type) -> Iterator[tuple[str, Key]]:
    """(name in the file, description) of each key of a class, in the order of its fields."""
    for field in dataclasses.fields(table):
        if "key" in field.metadata:
            yield field.name, field.metadata["key"]
