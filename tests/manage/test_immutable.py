"""Our `@dataclass(frozen=True)` does what that of the standard library does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cached_property
from typing import Any

import pytest

from manage.immutable import dataclass


@dataclass(frozen=True)
class Ours:
    """A point."""

    x: int
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)
    hidden: str = dataclasses.field(default="", repr=False)

    @cached_property
    def double(self) -> int:
        return 2 * self.x


@dataclasses.dataclass(frozen=True)
class Theirs:
    """A point."""

    x: int
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)
    hidden: str = dataclasses.field(default="", repr=False)


@dataclass(frozen=True)
class Other:
    x: int

    def __repr__(self) -> str:
        return "other"


def outcome(work: Any, *arguments: Any) -> object:
    """What it returns, or the type and the text of what it raises."""
    try:
        return work(*arguments)
    except Exception as error:
        return type(error), str(error).replace("Ours", "Theirs")


@pytest.mark.parametrize(
    "work",
    [
        lambda kind: repr(kind(1, ["a"], "b")).replace("Ours", "Theirs"),
        lambda kind: hash(kind(1, ["a"], "b")),
        lambda kind: (kind(1), kind(1) == kind(1, ["a"]), kind(1) == kind(2), kind(1) == (1, [], ""))[1:],
        lambda kind: dataclasses.asdict(dataclasses.replace(kind(1, ["a"]), x=2)),
        lambda kind: [field.name for field in dataclasses.fields(kind)],
        lambda kind: kind(1).tags is kind(1).tags,
        lambda kind: kind(),
        lambda kind: kind(1, y=2),
        lambda kind: setattr(kind(1), "x", 2),
        lambda kind: setattr(kind(1), "y", 2),
        lambda kind: setattr(kind(1), "double", 2),
        lambda kind: delattr(kind(1), "x"),
        lambda kind: hash(kind([])),
        lambda kind: kind.__doc__,
        lambda kind: kind.__match_args__,
    ],
)
def test_it_does_what_the_standard_library_does(work: Any) -> None:
    assert outcome(work, Ours) == outcome(work, Theirs)


def test_copies_are_equal_and_as_immutable() -> None:
    one = Ours(1, ["a"], "b")
    copies: list[Any] = [copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))]
    for other in copies:
        assert other == one
        assert other.tags == ["a"]
        with pytest.raises(dataclasses.FrozenInstanceError):
            other.x = 2


def test_a_class_keeps_its_own_methods_and_differs_from_others() -> None:
    assert repr(Other(1)) == "other"
    different: Any = Ours(1)
    assert Other(1) != different
    assert Ours(3).double == 6
