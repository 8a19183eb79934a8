"""What the page of the second factor shows. Pure."""

from __future__ import annotations

from typing import Literal

from manage.immutable import dataclass

Step = Literal["done", "offer", "confirm"]


@dataclass(frozen=True)
class SecondFactorView:
    name: str
    step: Step
    heading: str
    required: bool
    secret: str
    """In groups of four, as people type it; "" when it is not shown."""
    picture: str
    """The QR code as SVG."""
    error: str


def second_factor_view(
    name: str, step: Step, *, required: bool = False, secret: str = "", uri: str = "", error: str = ""
) -> SecondFactorView:
    """`secret` and `uri` are the agent's, and are shown once."""
    heading = {
        "done": "Your second factor is set up",
        "offer": "Set up a second factor",
        "confirm": "Add Nodeyard to your authenticator app",
    }[step]
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return SecondFactorView(name, step, heading, required, grouped, _qr_code(uri) if uri else "", error)


def _qr_code(uri: str) -> str:
    import segno  # 30 ms that only this page needs

    # Dark on light in every colour scheme: many apps read no inverted code. The border is part of the standard.
    code = segno.make(uri, error="m", micro=False)
    return code.svg_inline(border=4, dark="#000", light="#fff", svgclass="qr", omitsize=True)
