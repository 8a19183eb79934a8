"""Compiled templates kept beside the templates, as Python keeps its modules: compiling them took a fifth of a plan."""

from __future__ import annotations

import contextlib
import hashlib
from functools import cache
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

from manage.catalog import sizes


class Compiled(jinja2.FileSystemBytecodeCache):
    """Bytecode of the shipped templates in `folder`, which is written only where this user may write.

    Jinja evaluates a filter of a constant when it compiles, so a change of the code behind the filters counts as a
    change of every template. Whoever can write to the folder can change the modules beside it as well.
    """

    def __init__(self, folder: Path, code: tuple[Path, ...]) -> None:
        super().__init__(str(folder))
        self._folder = folder
        self._code = b"".join(path.read_bytes() for path in code)

    def get_source_checksum(self, source: str) -> str:
        return hashlib.sha256(self._code + source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def beside(templates: Path, environment: str) -> Compiled:
    """The compiled templates of a checkout; `environment` is the module that defines filters and options."""
    return Compiled(templates / "__pycache__", (Path(environment), Path(sizes.__file__)))
