"""`manage images`: build, pull and list images."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.cli.progress import printer
from manage.installation.layout import Layout


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage images list
  manage images build""",
)
def command() -> None:
    """Build, pull and list the images of this stack."""


@command.command("list")
@with_dir
@with_json
def list_images(layout: Layout, as_json: bool) -> None:
    """List the locked images: the reference in the compose file, and the digest that identifies each image."""
    from manage.images import lock

    require_installation(layout)
    found = lock.read(layout)
    if as_json:
        output.emit(
            [
                {
                    "name": image.name,
                    "reference": image.reference,
                    "config_digest": image.config_digest,
                    "recipe": image.recipe,
                }
                for image in found.values()
            ]
        )
    else:
        output.table([(image.name, image.reference, image.config_digest[:19]) for image in found.values()])


@command.command()
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask before a Dockerfile of your own services is built; pull only by recorded digests.",
)
@with_dir
def build(yes: bool, layout: Layout) -> None:
    """Build or pull the missing images, and lock them; no container changes. Takes a second if none is missing."""
    require_root("Building images")
    from manage.cli.consent import BuildReview, DigestReview
    from manage.images import ensure

    ensure.images_of(layout, printer(), BuildReview(yes=yes), DigestReview(yes=yes))
