"""Tags on the images of the last receipts, so that `docker image prune -a` does not make a rollback impossible."""

from __future__ import annotations

from collections.abc import Iterable

from manage.apply.receipt import Receipt
from manage.engine.client import Api
from manage.installation.identity import Installation

REPOSITORY = "localhost/nodeyard/keep"
RECEIPTS = 3


def update(api: Api, installation: Installation, receipts: Iterable[Receipt]) -> None:
    """Tag the images of the newest `RECEIPTS` receipts that name any, and remove our older tags.

    The tag is `<installation>-<digest12>`, so that two installations on a host do not remove each other's.
    """
    from docker.errors import ImageNotFound

    recent = [receipt for receipt in receipts if receipt.references][-RECEIPTS:]
    wanted = {
        _tag(installation, receipt.images[service]): reference
        for receipt in recent
        for service, reference in receipt.references.items()
    }
    present = tags(api, installation)
    for tag, reference in wanted.items():
        if tag in present:
            continue
        try:
            api.tag(reference, REPOSITORY, tag, force=True)
        except ImageNotFound:
            continue  # this older image was removed
    for tag in present - wanted.keys():
        api.remove_image(f"{REPOSITORY}:{tag}", noprune=True)


def tags(api: Api, installation: Installation) -> set[str]:
    """This installation's tags on this engine."""
    prefix = f"{REPOSITORY}:{installation.id}-"
    return {
        name.rpartition(":")[2]
        for image in api.images(name=REPOSITORY)
        for name in image.get("RepoTags") or ()
        if name.startswith(prefix)
    }


def _tag(installation: Installation, config_digest: str) -> str:
    return f"{installation.id}-{config_digest.removeprefix('sha256:')[:12]}"
