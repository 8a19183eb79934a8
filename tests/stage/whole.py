"""An installation in which every file of `Layout` exists, as after an evening of use but without an engine."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from pathlib import Path

from manage.access import devices, second_factor
from manage.access.audit import Audit
from manage.access.sessions import Sessions
from manage.access.throttle import Key, Throttle
from manage.apply import secrets
from manage.apply.receipt import Receipt, save
from manage.catalog import load_catalog
from manage.config import load
from manage.engine import hashes
from manage.health.history import History
from manage.images import lock as image_lock
from manage.installation import documents, identity, intent
from manage.installation.layout import Layout
from manage.render import image_names, secret_uses
from manage.render.model import Image
from tests.stage import scenery
from tests.stage.initial import initialise

DIGEST = f"sha256:{7:064x}"


def fill(layout: Layout, users: bytes) -> None:
    """Make the installation. `users` are the bytes of a users.json, whose hashing takes time."""
    catalog, now = load_catalog(), time.time()
    initialise(layout, catalog)
    config = load(layout.stack_file, catalog)
    _access(layout, users, now)
    installation = identity.read(layout)
    secrets.ensure(layout, secret_uses(catalog, config, installation.id))
    locked = {
        name: image_lock.Locked(Image(name, f"localhost/nodeyard/{name}:1", DIGEST), "local", DIGEST)
        for name in dict.fromkeys(image_names(catalog, config))
    }
    image_lock.write(layout, locked)
    save(layout, Receipt(number=1, verb="up", by="root", started_at=now, state="healthy", ended_at=now))
    intent.record(layout, up=True)
    documents.write(layout.data_formats_file, {"volumes": {}})
    documents.write(layout.chain_folders_file, {"folders": {}})
    documents.write(layout.watch_list_file, {"name": "home", "network": "sandbox", "services": []})
    documents.write(layout.engine_file, {"seq": 1, "as_of": now, "operation": None, "services": {}, "host": {}})
    hashes.save(layout, ["services: {}"], {"kaspad": "7"})
    layout.lock_file.write_text(json.dumps({"verb": "up", "by": "root", "since": now, "pid": 1}))
    scenery.put(layout, scenery.healthy(now))
    History(layout.history_file).close()
    with sqlite3.connect(layout.history_file) as database:
        database.execute("pragma wal_checkpoint")


def _access(layout: Layout, users: bytes, now: float) -> None:
    layout.users_file.write_bytes(users)
    layout.users_lock_file.touch()
    layout.first_password_file.write_text("twelve tall trees\n")
    Sessions(layout, gid=os.getgid()).follow_users()
    devices.new_code(layout, "ada", now)
    documents.write(
        layout.second_factors_file, {"users": {"otto": {"secret": second_factor.new_secret(), "last_step": 0}}}
    )
    for file in (layout.attempts_file, layout.strangers_file):
        Throttle(file).begin([Key("name 1", own=False)])
    log = Audit(layout.audit_file)
    log.write(who="ada", address="host", verb="login", args={}, result="ok")
    log.close()


FOLDERS = ("receipts_dir", "secrets_dir")
"""Folders of documents: the newest file stands for all."""


def names() -> list[str]:
    """Every property of `Layout` that is a file, and FOLDERS: derived from the class, so a new file is among them."""
    properties = [name for name, value in vars(Layout).items() if isinstance(value, property)]
    return [name for name in properties if name.endswith("_file") or name in FOLDERS]


def files(layout: Layout) -> dict[str, Path]:
    """The path of each of `names`."""
    return {name: _newest(getattr(layout, name)) if name in FOLDERS else getattr(layout, name) for name in names()}


def _newest(folder: Path) -> Path:
    return max(path for path in folder.iterdir() if path.is_file())
