"""Ways in which a file of an installation may be damaged: by a full disk, a crash, a hand, or a process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.security import hostile_files


def _newer(content: bytes) -> bytes:
    try:
        document = json.loads(content)
    except ValueError:
        document = {}
    return json.dumps({**(document if isinstance(document, dict) else {}), "version": 99}).encode()


CONTENTS: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "binary": lambda _: bytes(range(256)) * 16,
    "another type": lambda _: b"[1, 2, 3]\n",
    "newer": _newer,
}
KINDS = (*CONTENTS, "pipe", "folder", "sparse")


def damage(kind: str, path: Path) -> None:
    """Replace the file by one of `KINDS`; its mode is kept where it stays a file."""
    if kind not in CONTENTS:
        hostile_files.put(kind, path)
        return
    path.write_bytes(CONTENTS[kind](path.read_bytes()))
