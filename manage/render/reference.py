"""The reference files in `compose/`: the same templates in their second mode, to be used by hand without `manage`.

Run: `python -m manage.render.reference --write` (or `--check`). Relative paths, fixed sizes, a project name of their
own, `depends_on` and healthchecks; a one-shot service makes the secrets at the first start.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from manage import config
from manage.catalog import Catalog, load_catalog
from manage.catalog.document import read
from manage.catalog.model import Profile, Service
from manage.installation.layout import CHECKOUT
from manage.render import environment, fragment, wiring
from manage.render.wiring import Services

FOLDER = CHECKOUT / "compose"
PREPARE = "prepare"
PORT_BASE = 8700
"""Not the 8600 of managed stacks, so that both can run on one host."""
HEAD = """\
# {title}: {summary}
# Made by `python -m manage.render.reference --write`; for use by hand, without `manage`:
#   docker compose -f compose/{name}.yml up -d
# Images of ours (localhost/nodeyard/...) are built by: manage images build
"""


def rendered(catalog: Catalog) -> dict[str, bytes]:
    """Every reference file by its path below `compose/`."""
    upstream = {
        name: entry["reference"]
        for name, entry in read(CHECKOUT / "images/upstream.yml", "images/upstream.yml").value["images"].items()
    }
    files: dict[str, bytes] = {}
    for profile in catalog.profiles.values():
        files |= render_reference(catalog, profile, upstream)
    return files


def render_reference(catalog: Catalog, profile: Profile, upstream: Mapping[str, str]) -> dict[str, bytes]:
    """The compose file of `profile` and its configuration files, by path below `compose/`.

    `upstream` is the tag by image name; images that are not in it are ours, `localhost/nodeyard/<name>:latest`.
    """
    chosen = f"version: 1\nprofiles: [{profile.name}]\nnetwork: {profile.default_network}\n"
    chosen += f"images: {{source: upstream}}\nports: {{base: {PORT_BASE}}}\n"
    here = wiring.services(catalog, config.parse(chosen, f"{profile.name}.yml", catalog), manager=False)
    services: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for service in here.stack.values():
        own = fragment.render_files(here, service)
        files |= {f"{profile.name}/{service.name}/{name}": content for name, content in own.items()}
        services[service.name] = fragment.render_compose(
            here, service, _values(here, service, profile.name, upstream, bool(own))
        )
    files |= {
        f"{profile.name}/{PREPARE}/{name}": content
        for name, content in fragment.render_folder(environment.TEMPLATES / PREPARE, {"plan": _plan(here)}).items()
    }
    services[PREPARE] = _prepare(here, profile.name, upstream)
    document = {
        "name": f"nodeyard-reference-{profile.name}",
        "services": services,
        "networks": {
            network: {"internal": True} if network == "data" else {}
            for network in sorted({network for service in here.stack.values() for network in service.networks})
        },
        "volumes": {name: {} for name in _volumes(here)},
    }
    head = HEAD.format(name=profile.name, title=profile.title, summary=profile.summary)
    body = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10**6)
    return {f"{profile.name}.yml": f"{head}{body}".encode(), **files}


def _values(
    here: Services, service: Service, profile: str, upstream: Mapping[str, str], has_files: bool
) -> dict[str, Any]:
    image = upstream.get(service.image, f"localhost/nodeyard/{service.image}:latest")
    files_dir = f"./{profile}/{service.name}"
    mounts = [environment.bind(files_dir, fragment.FILES_TARGET)] if has_files else []
    mounts += [environment.volume(f"{service.name}_{volume.name}", volume.path) for volume in service.volumes]
    if wiring.secrets_of(here, service):
        mounts.append(
            {"type": "volume", "source": f"{service.name}_secrets", "target": "/run/secrets", "read_only": True}
        )
    waits = {need.service: "service_healthy" for need in wiring.needs(here, service)}
    return fragment.common(here, service, uid=service.uid) | {
        "reference": True,
        "image": image,
        "pull_never": image.startswith("localhost/"),
        "control_dir": "",
        "files_dir": files_dir,
        "mounts": mounts,
        "secrets": [],
        "depends_on": {PREPARE: "service_completed_successfully", **waits},
    }


def _plan(here: Services) -> dict[str, Any]:
    """What `prepare.py` makes: one copy of a secret for each consumer, and the owners of data folders."""
    found = [use for service in here.stack.values() for use in wiring.secrets_of(here, service)]
    uses = [
        {"service": use.service, "uid": use.uid, "name": use.name, "kind": use.kind}
        for use in (*found, *wiring.host_secrets(here))
    ]
    folders = [
        {"path": f"/volumes/{service.name}_{volume.name}", "uid": service.uid}
        for service in here.stack.values()
        for volume in service.volumes
    ]
    return {"secrets": uses, "folders": folders}


def _prepare(here: Services, profile: str, upstream: Mapping[str, str]) -> dict[str, Any]:
    mounts = [environment.bind(f"./{profile}/{PREPARE}", fragment.FILES_TARGET)]
    for name in _volumes(here):
        consumer, _, kind = name.rpartition("_")
        target = f"/secrets/{consumer or 'master'}" if kind == "secrets" else f"/volumes/{name}"
        mounts.append({"type": "volume", "source": name, "target": target})
    text = (
        environment.compose().get_template(f"{PREPARE}/compose.yml.j2").render(image=upstream["python"], mounts=mounts)
    )
    return dict(yaml.load(text, yaml.CSafeLoader))


def _volumes(here: Services) -> list[str]:
    """The secrets' master copies, each consumer's secrets, each service's data."""
    found = ["secrets"]
    for service in here.stack.values():
        found += [f"{service.name}_secrets"] if wiring.secrets_of(here, service) else []
        found += [f"{service.name}_{volume.name}" for volume in service.volumes]
    return found


def stale(files: Mapping[str, bytes], folder: Path = FOLDER) -> list[str]:
    """Paths below `folder` that differ from `files`, lack or are too much."""
    there = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return sorted(path for path in {*files, *there} if files.get(path) != there.get(path))


def write(files: Mapping[str, bytes], folder: Path = FOLDER) -> None:
    """Make `folder` hold `files` and nothing else."""
    for path in stale(files, folder):
        target = folder / path
        if path in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files[path])
        else:
            target.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the reference files in compose/.")
    parser.add_argument("--check", action="store_true", help="only say which files are out of date (the default)")
    parser.add_argument("--write", action="store_true", help="write them")
    files = rendered(load_catalog())
    if parser.parse_args().write:
        write(files)
        return 0
    for path in stale(files):
        sys.stderr.write(f"compose/{path} is out of date; run: python -m manage.render.reference --write\n")
    return 1 if stale(files) else 0


if __name__ == "__main__":
    sys.exit(main())
