"""The shapes of common transactions as regular expressions, which CPython matches in C.

Lengths are those that wallets produce, most frequent first (counted in mainnet blocks 413567 to 722010). Each length
byte selects one alternative, so a match depends neither on the order nor on later bytes.
"""

from __future__ import annotations

import re
from functools import cache


def _one_of(*alternatives: bytes) -> bytes:
    return b"(?:" + b"|".join(alternatives) + b")"


def _bytes(count: int) -> bytes:
    """`count` arbitrary bytes. Possessive, because a plain count prepares for backtracking, which never helps here and
    takes a fifth of the time of a match.
    """
    return b".{%d}+" % count


def _sized(length: int) -> bytes:
    """A byte string of `length`, preceded by its one-byte length."""
    return re.escape(bytes([length])) + _bytes(length)


def _counted(count: int, element: bytes) -> bytes:
    """`count` elements, preceded by their one-byte count; written out if few, because repetition is slower."""
    elements = element * count if count <= 4 else b"(?:%b){%d}" % (element, count)
    return re.escape(bytes([count])) + elements


_PARENT = _bytes(32)
_SPENDING = (  # after the id of the parent: the output index, a script, the sequence number
    _bytes(4)
    + _one_of(
        *(_sized(n) for n in (0, 23, 106, 107, 35, 217, 218, 219, 138, 139, 252, 105, 140, 108, 216)),
        rb"\xfd\xfd\x00" + _bytes(253),
        rb"\xfd\xfe\x00" + _bytes(254),
    )
    + _bytes(4)
)
SPENT = _PARENT + _SPENDING
OUTPUT = _bytes(8) + _one_of(*(_sized(n) for n in (23, 22, 25, 34, 83, 35, 70, 48, 67)))
_ITEM = _one_of(*(_sized(n) for n in (71, 72, 33, 0, 105, 37, 70, 64, 65, 78)))
WITNESS = _one_of(  # at most 4 * 105 bytes of items, which is below `oracle.parse.MAX_WITNESS`
    rb"\x02" + _one_of(_sized(71), _sized(72), _sized(70)) + _sized(33),
    rb"\x00",
    rb"\x04" + _ITEM * 4,
    rb"\x03" + _ITEM * 3,
    rb"\x01" + _ITEM,
)
_PAYMENT = _one_of(
    rb"\x17\xa9" + _bytes(22),
    rb"\x16\x00" + _bytes(21),
    rb"\x19v" + _bytes(24),
    rb"\x22[\x00\x51]" + _bytes(33),
    rb"\x23!" + _bytes(34),
    rb"\x43A" + _bytes(66),
)
_DATA = _bytes(8) + _one_of(*(re.escape(bytes([n])) + rb"\x6a" + _bytes(n - 1) for n in (83, 22, 38, 42, 48, 70)))
_MOST = 32
"""Maximum number of inputs and outputs of a common transaction. One with more than five inputs has no witness."""


@cache
def common_transactions(*, with_parts: bool) -> re.Pattern[bytes]:
    """An expression for one transaction or else for all remaining bytes, so `findall` reads one after the other without
    gaps. A possible coinbase (a parent of zeros) is not common.

    Groups in order, those in brackets only `with_parts`:

    - [`whole`: the transaction]
    - `segwit`: empty, set after a SegWit marker
    - `one`, `two`, `three`, `four`: empty, set for that number of inputs
    - [`first` to `fifth`: the ids of the parents, for up to five inputs]
    - `paid`, `change`: the values of a pair of standard payments, set if the transaction passes every rule that depends
      only on its own bytes
    - `data`: set if one of two outputs is a data output
    - `many`: set if there are more than five inputs
    - [`ending`: witnesses and lock time, set with `segwit`]
    - `rest`: set alone, if the next transaction is not common
    """

    def part(name: bytes, pattern: bytes) -> bytes:
        return b"(?P<%b>%b)" % (name, pattern) if with_parts else pattern

    def each(first: bytes, second: bytes, third: bytes, fourth: bytes, fifth: bytes) -> bytes:
        """One of these for each input."""
        return b"%b(?(one)|%b(?(two)|%b(?(three)|%b(?(four)|%b))))" % (first, second, third, fourth, fifth)

    parents = (part(name, _PARENT) for name in (b"first", b"second", b"third", b"fourth", b"fifth"))
    inputs = rb"(?:\x01(?!\0\0\0\0)(?P<one>)|\x02(?P<two>)|\x03(?P<three>)|\x04(?P<four>)|\x05)" + each(
        *(parent + _SPENDING for parent in parents)
    )
    outputs = _one_of(
        rb"\x02(?P<paid>.{8}+)" + _PAYMENT + b"(?P<change>.{8}+)" + _PAYMENT,
        rb"(?P<data>\x02)" + _one_of(_DATA + OUTPUT, OUTPUT + _DATA),
        *(_counted(n, OUTPUT) for n in (1, *range(3, _MOST + 1))),
    )
    many = b"(?P<many>" + _one_of(*(_counted(n, SPENT) for n in range(6, _MOST + 1))) + b")"
    outputs_of_many = _one_of(*(_counted(n, OUTPUT) for n in range(1, _MOST + 1)))
    version_and_marker = rb".{4}+(?:\x00\x01(?P<segwit>)|)"
    body = _one_of(inputs + outputs, b"(?(segwit)(?!)|" + many + outputs_of_many + b")")
    lock_time = _bytes(4)
    ending = b"(?(segwit)" + part(b"ending", each(*[WITNESS] * 5) + lock_time) + b"|" + lock_time + b")"
    return re.compile(part(b"whole", version_and_marker + body + ending) + b"|(?P<rest>.+)", re.DOTALL)


COMMON = common_transactions(with_parts=True)
