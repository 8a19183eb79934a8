"""An operator's template rendered in a process of its own, with limits of time, memory and output.

The sandbox of Jinja keeps a template from what is behind a value; it does not end a loop.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any

import jinja2

from manage import untrusted

CPU_S = 3
WAIT_S = 10.0
MEMORY_BYTES = 256 << 20
"""Beyond what this process has already."""
OUTPUT_BYTES = 2 << 20


class TooExpensive(Exception):
    """The template was stopped."""


def rendered(render: Callable[[], str]) -> str:
    """What `render` returns in a copy of this process, which cannot change this one.

    Raises TooExpensive, and jinja2.TemplateError or ValueError with the words of what it raised.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(render, writing)  # never returns
    os.close(writing)
    try:
        content = _read(reading)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    try:
        return _text(untrusted.parse_json(content, most=OUTPUT_BYTES))
    except json.JSONDecodeError as error:
        raise TooExpensive(f"it takes more than {CPU_S} s or {MEMORY_BYTES >> 20} MiB") from error


def _answer(render: Callable[[], str], writing: int) -> None:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 (few allocations before the limit)
            present = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (present + MEMORY_BYTES,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            answer: dict[str, Any] = {"text": render()}
        except jinja2.TemplateNotFound as error:
            answer = {"missing": str(error.name)}
        except jinja2.TemplateSyntaxError as error:
            answer = {"syntax": str(error), "line": error.lineno}
        except MemoryError:
            answer = {}
        except Exception as error:
            answer = {"error": str(error) or type(error).__name__}
        if answer:
            content = memoryview(json.dumps(answer).encode())
            while content:
                content = content[os.write(writing, content) :]
    finally:
        os._exit(0)


def _read(reading: int) -> bytes:
    content, end = bytearray(), time.monotonic() + WAIT_S
    while select.select([reading], [], [], max(0.0, end - time.monotonic()))[0]:
        more = os.read(reading, 1 << 16)
        content += more
        if len(content) > OUTPUT_BYTES:
            raise TooExpensive(f"it renders to more than {OUTPUT_BYTES >> 20} MiB")
        if not more:
            break
    return bytes(content)


def _text(answer: dict[str, Any]) -> str:
    if "missing" in answer:
        raise jinja2.TemplateNotFound(answer["missing"])
    if "syntax" in answer:
        raise jinja2.TemplateSyntaxError(answer["syntax"], answer["line"])
    if "error" in answer:
        raise ValueError(answer["error"])
    return str(answer["text"])
