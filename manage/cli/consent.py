"""Consent at the terminal: each plan is shown first; one that can lose data must be confirmed by typing a word."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from manage import words
from manage.cli import output
from manage.errors import NodeyardError
from manage.plan.model import Plan
from manage.plan.text import as_text

if TYPE_CHECKING:
    from manage.apply.uninstall import Removal
    from manage.images.operators import Unbuilt
    from manage.images.unpinned import Unpinned

AGAIN = "Review what changed, then run the command again."


class PlanReview:
    """A `manage.apply.consent.Review`: shows each plan once, and asks for confirmation if the plan can lose data."""

    def __init__(self, *, yes: bool = False) -> None:
        """`yes`: the user agreed on the command line to the plan that is shown, and to no greater data risk."""
        self._yes = yes

    def __call__(self, plan: Plan, shown: Plan | None) -> None:
        """Raises NodeyardError if the user does not agree, if there is no terminal, or if --yes covered less risk."""
        if shown is not None:
            output.note("The plan changed since it was shown:")
        if plan.changes or shown is not None:
            output.note(as_text(plan, output.width(), command=""))
        if self._yes:
            _require_no_more_risk(plan, shown)
        elif plan.risky:
            require_typed("risk")
        elif shown is not None and shown.risky and plan.changes:
            require_typed("apply")


class RemovalReview:
    """The same for an uninstall: it always asks."""

    def __init__(self, *, purge: bool, yes: bool = False) -> None:
        self._word = "delete" if purge else "stop"
        self._yes = yes

    def __call__(self, removal: Removal, shown: Removal | None) -> None:
        if shown is not None:
            output.note("The list of what will be removed changed since it was shown:")
        for kind, names in removal.named():
            output.note(f"{words.plural(len(names), kind)}: {', '.join(names)}")
        if not self._yes:
            require_typed(self._word)
        elif shown is not None and removal.data - shown.data:
            more = ", ".join(sorted(removal.data - shown.data))
            raise NodeyardError(f"More data would be removed than was shown: {more}. Nothing was removed.", AGAIN)


class BuildReview:
    """A `manage.images.ensure.Confirm`: shows each Dockerfile of the operator's own, and asks."""

    def __init__(self, *, yes: bool = False) -> None:
        self._yes = yes

    def __call__(self, images: tuple[Unbuilt, ...]) -> None:
        """Raises NodeyardError if the person does not agree or cannot be asked."""
        for image in images:
            output.note(f"The image {image.image} of your own service is built from {image.dockerfile}:")
            for line in image.text.splitlines():
                output.note(f"  {words.printable(line)}")
            if image.files:
                output.note(f"It sees these files: {', '.join(words.printable(file) for file in image.files)}")
        if not self._yes:
            require_typed("build")


class DigestReview:
    """A `manage.images.unpinned.Trust`: shows the digests that no file records, and asks."""

    def __init__(self, *, yes: bool = False) -> None:
        self._yes = yes

    def __call__(self, images: tuple[Unpinned, ...]) -> None:
        """Raises NodeyardError if the person does not agree, with --yes, and if there is no terminal."""
        from manage.images import pull, unpinned

        if self._yes or not sys.stdin.isatty():
            unpinned.refuse(images)
        output.note(f"{pull.UPSTREAM_FILE} records no digest of these images. Their registries answer:")
        for image in images:
            output.note(f"  {image.reference}  {words.printable(image.digest)}")
        output.note("Compare them with what the publishers name. From now on this installation keeps to these digests.")
        require_typed("pull")


def require_typed(word: str) -> None:
    """Continue only if the user types `word`. Raises NodeyardError otherwise, and if there is no terminal."""
    if not sys.stdin.isatty():
        raise NodeyardError(
            "This needs your confirmation, but there is no terminal to ask for it.", "If you are sure, add --yes."
        )
    if click.prompt(f"Type {word} to continue", default="", show_default=False, err=True) != word:
        raise NodeyardError(f"You did not type {word}, so nothing was done.", "Run the command again if you are sure.")


def _require_no_more_risk(plan: Plan, shown: Plan | None) -> None:
    if shown is None:
        return
    agreed = {step.service for step in shown.risky}
    grown = [step.service for step in plan.risky if step.service not in agreed]
    if grown:
        raise NodeyardError(
            f"The plan changed: data of {words.listing(tuple(grown))} may now be lost too. Nothing was done.", AGAIN
        )
