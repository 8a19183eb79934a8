"""The folder of a new service, for its author to complete."""

from __future__ import annotations

from pathlib import Path

from manage.catalog.service import NAME, RESERVED
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation import ids

FILES = {
    "service.yml": """\
version: 1
name: {name}
title: {title}
summary: Describe {title} in one sentence.
group: services            # data, chains or services: the start order
image: {name}                # built from image/, or pulled as image/upstream.yml says
uid: {uid}                 # must be unique
ports:
  http: {{number: 8080, scheme: http}}
resources: {{memory: 128m, pids: 64, disk: 10m}}
stop_grace_s: 10
startup_s: 30
downtime_s: 5
rollback: safe             # safe, restore-needed or impossible
backup: none, it holds no data
health:
  driver: http             # http, tcp, line, metrics, sql: docs/drivers.md
  options: {{path: /health}}
# uses:                    # relations: profiles/relations.yml
#   route: {{path: /{name}/}}
# settings:
#   log_level:
#     type: choice
#     choices: [info, debug]
#     default: info
#     example: debug
#     help: Level of detail in its log.
""",
    "compose.yml.j2": """\
{{% extends "service.yml.j2" %}}
{{# Fill in the blocks. The skeleton adds limits, hardening, networks, ports, secrets and labels. #}}
{{% block process %}}
command: [{name}]             # quote text that could be a number: [{name}, "--port", "8080"]
# Listen on {{{{ listen.http[0] }}}}: the address at which others are meant to reach it.
{{% endblock %}}
""",
    "image/recipe.yml": """\
version: 1                 # of this format
kind: dockerfile
base: base                 # Debian, as Nodeyard's own images; the Dockerfile sees it as BASE
# inputs: [images/{name}/FILE]   # files beside the Dockerfile that it copies: COPY images/{name}/FILE /
""",
    "image/Dockerfile": """\
ARG BASE
FROM ${{BASE}}
LABEL io.nodeyard.image={name}
# The ids are the uid of service.yml.
RUN groupadd --gid {uid} {name} \\
    && useradd --no-log-init --uid {uid} --gid {uid} --home-dir /nonexistent --no-create-home \\
        --shell /usr/sbin/nologin {name}
# Install the program here, for example:
# RUN apt-get update && apt-get install -y --no-install-recommends {name} && rm -rf /var/lib/apt/lists/*
USER {uid}:{uid}
""",
    "README.md": """\
# {title}

What it is, in a sentence or two.

## What it needs

- Other services, volumes, secrets, ports.

## How it fails

| verdict | reason, for example | what to do |
|---|---|---|
| healthy | | nothing |
""",
}


def write(parent: Path, name: str) -> Path:
    """Write the folder `name` below `parent`. Raises NodeyardError for a bad name or an existing folder, OSError."""
    if not NAME.fullmatch(name) or name in RESERVED:
        raise NodeyardError(
            f"{name!r} is not a name for a service.",
            "Use lower-case letters, digits and -, beginning with a letter.",
            exit_code=EXIT_USAGE,
        )
    folder = parent / name
    if folder.exists():
        raise NodeyardError(
            f"{folder} already exists.", "Choose another name, or edit that service.", exit_code=EXIT_USAGE
        )
    folder.mkdir(parents=True)
    values = {"name": name, "title": name.replace("-", " ").capitalize(), "uid": ids.OWN.start}
    for file, text in FILES.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text.format(**values), encoding="utf-8")
    return folder
