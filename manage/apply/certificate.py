"""Self-signed certificates, for services that other machines reach without a TLS proxy in front."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509

DAYS = 397
"""How long a certificate is valid; browsers refuse longer ones."""
RENEW_DAYS = 30
"""`manage up` replaces a certificate that ends within this time."""


def create(names: Iterable[str], now: float) -> str:
    """PEM of a new key and its certificate for these host names and addresses, valid from `now` (unix seconds)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    begins = datetime.fromtimestamp(now, UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nodeyard")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - timedelta(hours=1))  # for clients whose clock is behind
        .not_valid_after(begins + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (private + certificate.public_bytes(encoding)).decode()


def facts(pem: str) -> dict[str, Any]:
    """`names`, `ends_at` (unix seconds) and `fingerprint` (SHA-256, as browsers show it) of a certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    certificate = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE") :].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {
        "names": [str(name.value) for name in names],
        "ends_at": certificate.not_valid_after_utc.timestamp(),
        "fingerprint": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    }


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
