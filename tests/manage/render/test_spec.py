"""The spec document explains a digest later: plain JSON with everything that the digest covers."""

from __future__ import annotations

import json

from manage.render import spec_document
from manage.render.spec import spec_digest
from tests.manage.render.conftest import NODES, SANDBOX, Render


def test_the_document_holds_everything_the_digest_is_made_from(render: Render) -> None:
    spec = render(SANDBOX)[0].service("timescaledb")
    document = json.loads(json.dumps(spec_document(spec)))
    assert document["version"] == 1
    assert document["files"]["roles.txt"].startswith("oracle oracle_sandbox 31\n")
    files = {name: text.encode() for name, text in document["files"].items()}
    assert (
        spec_digest(document["compose"], files, document["secrets"], spec.image) == document["spec"] == spec.spec_digest
    )


def test_one_way_settings_are_kept_so_that_a_later_plan_sees_what_would_be_lost(render: Render) -> None:
    spec = render(NODES + "services: {bitcoind: {prune: 600}}\n")[0].service("bitcoind")
    assert spec_document(spec)["one_way"] == {"prune": {"value": 600}}
    assert "download the whole chain again" in spec.one_way["prune"].sentence


def test_every_part_changes_the_digest(render: Render) -> None:
    spec = render(SANDBOX)[0].service("proxy")
    base = spec_digest(spec.compose, spec.files, {"a": 1}, spec.image)
    assert base != spec_digest({**spec.compose, "init": False}, spec.files, {"a": 1}, spec.image)
    assert base != spec_digest(spec.compose, {"nginx.conf": b""}, {"a": 1}, spec.image)
    assert base != spec_digest(spec.compose, spec.files, {"a": 2}, spec.image)
