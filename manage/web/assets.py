"""Style sheets, scripts and pictures: those that all pages share and those in the folders of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from flask import Flask, Response, abort, request, send_file, url_for

from manage.immutable import dataclass
from manage.web.pages.page import Page

_SHARED = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class Asset:
    """One file and the digest of its content."""

    path: Path
    digest: str


def install(app: Flask, pages: Iterable[Page]) -> None:
    """Serve the assets below `/static`, and let templates link them with `asset(NAME)`.

    The folders are read once; only what lies there then, and is of a known type, can be requested.
    """
    assets = dict(_found(_SHARED, ""))
    for page in pages:
        assets.update(_found(page.folder, f"pages/{page.name}/"))

    def static(filename: str) -> Response:
        asset = assets.get(filename)
        if asset is None:
            abort(404)
        # A link names the digest, so the browser may keep the file. Modules import each other without it, so that each
        # is loaded once; the browser asks for those again, and gets 304 while they are unchanged.
        age_s = _YEAR_S if request.args.get("v") == asset.digest else 0
        return send_file(asset.path, mimetype=_TYPES[asset.path.suffix], etag=asset.digest, max_age=age_s)

    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static)
    app.jinja_env.globals["asset"] = lambda name: url_for("static", filename=name, v=assets[name].digest)


def _found(folder: Path, prefix: str) -> Mapping[str, Asset]:
    return {
        f"{prefix}{path.name}": Asset(path, sha256(path.read_bytes()).hexdigest()[:12])
        for path in folder.iterdir()
        if path.suffix in _TYPES
    }
