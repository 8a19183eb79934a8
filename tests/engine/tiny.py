"""A tiny image from the host's own shell: no registry, no compiler, a few MB, made in a second."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

TEST_LABEL = "io.nodeyard.test"
REPOSITORY = "localhost/nodeyard-test/tiny"
PROGRAMS = ("sh", "sleep", "cat")
ENDLESS = "#!/bin/real-sh\ntrap 'exit 0' TERM\nwhile :; do sleep 0.5; done\n"
"""In place of the shell and of programs that an entrypoint of ours names: runs on whatever it is given."""


def ensure(api: Any, flavour: str = "", *, endless: bool = False) -> tuple[str, str]:
    """(reference, config digest) of the image; `flavour` makes another one with the same content.

    A container of an `endless` one keeps running whatever its command is.
    """
    tar = _root(endless)
    tag = hashlib.sha256(tar + flavour.encode()).hexdigest()[:12]
    reference = f"{REPOSITORY}:{tag}"
    if not api.images(name=reference):
        api.import_image_from_data(
            tar,
            repository=REPOSITORY,
            tag=tag,
            changes=[
                f"LABEL {TEST_LABEL}=engine",
                f"LABEL flavour={flavour or 'plain'}",
                "ENV PATH=/bin",
                *(['ENTRYPOINT ["/bin/sh"]'] if endless else ()),
            ],
        )
    return reference, api.inspect_image(reference)["Id"]


def _root(endless: bool) -> bytes:
    buffer = io.BytesIO()
    paths = {f"bin/{name}": Path(found) for name in PROGRAMS if (found := shutil.which(name))}
    assert len(paths) == len(PROGRAMS), f"the host lacks one of {PROGRAMS}"
    for program in tuple(paths.values()):
        paths |= {library.lstrip("/"): Path(library) for library in _libraries(program)}
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, source in sorted(paths.items()):
            _add(tar, "bin/real-sh" if endless and name == "bin/sh" else name, source.read_bytes())
        for name in ("bin/sh", "bin/nginx") if endless else ():
            _add(tar, name, ENDLESS.encode())
        tar.addfile(_entry("tmp", tarfile.DIRTYPE, 0o1777))
        tar.addfile(_entry("srv", tarfile.DIRTYPE, 0o755))
    return buffer.getvalue()


def _libraries(program: Path) -> list[str]:
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listing)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _entry(name, tarfile.REGTYPE, 0o755)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry
