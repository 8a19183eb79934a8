"""Certificates that this host signs itself: made once, kept, replaced before they end and when a name is missing."""

from __future__ import annotations

import ssl
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509

from manage.apply import certificate, secrets
from manage.events import Event
from manage.installation import folders
from manage.installation.layout import Layout
from manage.render.model import SecretUse
from tests.stage.owners import Paper

NAMES = ("192.0.2.7", "nodeyard-0123abcd.localhost", "yard.example")
USE = SecretUse("dashboard", 10022, "dashboard_tls", "certificate", names=NAMES)
DAY_S = 24 * 3600


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, owners=Paper().owners())
    folders.make(layout)
    return layout


def test_a_certificate_holds_its_names_and_serves() -> None:
    now = time.time()
    pem = certificate.create(NAMES, now)
    facts = certificate.facts(pem)
    assert facts["names"] == list(NAMES)
    assert facts["ends_at"] == pytest.approx(now + certificate.DAYS * DAY_S, abs=2)
    parsed = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE") :].encode())
    alternative = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(address) for address in alternative.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]
    assert not parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_every_certificate_has_a_key_of_its_own(tmp_path: Path) -> None:
    first, second = certificate.create(NAMES, time.time()), certificate.create(NAMES, time.time())
    assert certificate.facts(first)["fingerprint"] != certificate.facts(second)["fingerprint"]
    file = tmp_path / "both.pem"
    file.write_text(first)
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(file)  # key and certificate belong together


@pytest.mark.promise("A certificate is made once, its fingerprint printed, and it is renewed before it ends", runs="ci")
def test_it_is_kept_until_it_ends_soon(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Event] = []
    assert secrets.ensure(layout, (USE,), said.append) == {"dashboard_tls": 1}
    fingerprint = secrets.fingerprints(layout)["dashboard"]
    assert fingerprint in said[0].text
    assert secrets.ensure(layout, (USE,)) == secrets.planned(layout, (USE,)) == {"dashboard_tls": 1}
    now = time.time() + (certificate.DAYS - certificate.RENEW_DAYS) * DAY_S
    monkeypatch.setattr(time, "time", lambda: now - DAY_S)
    assert secrets.planned(layout, (USE,)) == {"dashboard_tls": 1}
    monkeypatch.setattr(time, "time", lambda: now + DAY_S)
    assert secrets.ensure(layout, (USE,)) == {"dashboard_tls": 2}
    assert secrets.fingerprints(layout)["dashboard"] != fingerprint


def test_another_name_needs_another_certificate(layout: Layout) -> None:
    secrets.ensure(layout, (USE,))
    more = SecretUse("dashboard", 10022, "dashboard_tls", "certificate", names=(*NAMES, "other.example"))
    assert secrets.ensure(layout, (more,)) == {"dashboard_tls": 2}


def test_an_interrupted_renewal_is_continued(layout: Layout) -> None:
    """The new value was written, `secrets.json` was not."""
    secrets.ensure(layout, (USE,))
    before = layout.secret_generations_file.read_bytes()
    more = SecretUse("dashboard", 10022, "dashboard_tls", "certificate", names=("192.0.2.8",))
    secrets.ensure(layout, (more,))
    layout.secret_generations_file.write_bytes(before)
    assert secrets.ensure(layout, (more,)) == secrets.planned(layout, (more,)) == {"dashboard_tls": 2}


def test_the_key_is_its_services_alone(layout: Layout) -> None:
    secrets.ensure(layout, (USE,))
    master, copy = layout.secrets_dir / "dashboard_tls_g1", layout.secret_copies_dir / "dashboard/dashboard_tls_g1"
    assert (stat.S_IMODE(master.stat().st_mode), stat.S_IMODE(copy.stat().st_mode)) == (0o600, 0o400)
    assert layout.owners.uid(copy) == 10022
