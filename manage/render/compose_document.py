"""Compose documents as YAML that Compose reads back with the same types."""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Dumper(yaml.CSafeDumper):
    """PyYAML knows YAML 1.1 and Compose (go-yaml v3) a mixture of 1.1 and 1.2, so they differ in what a number is.

    The text `86226e01` is a number for Compose alone, `0o17` too: an installation id became another label (862260).
    """


_Dumper.add_implicit_resolver(
    "!like-a-number", re.compile(r"[-+.]?[0-9].*|[-+]?\.(inf|nan)", re.IGNORECASE), list("-+.0123456789")
)
"""Text that begins like a number resolves to a tag that no value has, so the dumper quotes it."""


def dump(document: Any, *, sort_keys: bool) -> str:
    """The text of a Compose file; without `sort_keys` the keys keep the order of `document`."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=sort_keys, allow_unicode=True, width=10**6)


def escaped(text: str) -> str:
    """`text` for a document that Compose interpolates: it reads `$` as the start of a variable."""
    return text.replace("$", "$$")


def literal(text: str) -> str:
    """A text of such a document as Compose reads it, for example the path of a mount on this host."""
    return text.replace("$$", "$")
