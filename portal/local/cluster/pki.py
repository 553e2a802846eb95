"""Certificates of the control plane: authorities made once, what they sign made at every start."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portal.local.folder import make_private
from portal.local.ports import LOOPBACK

AUTHORITY_DAYS = 3650
LEAF_DAYS = 365
USES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, as files and as text."""

    certificate: Path
    key: Path

    @property
    def certificate_text(self) -> str:
        return self.certificate.read_text()

    @property
    def key_text(self) -> str:
        return self.key.read_text()


class Authority:
    """Signs certificates in `folder`; its own is kept there and used again.

    `rsa_keys` is for Kueue, which reads no other kind.
    """

    def __init__(self, folder: Path, name: str, *, rsa_keys: bool = False):
        self.folder = make_private(folder)
        self.rsa_keys = rsa_keys
        self.pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        if not self.pair.certificate.exists():
            self._make(name)
        self.certificate = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
        self.key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)

    def issue(self, file: str, user: str, *groups: str, hosts: tuple[str, ...] = ()) -> Pair:
        """A pair `file`.crt/.key for a client of these groups, or a server at these hosts."""
        key = _new_key(self.rsa_keys)
        builder = (
            _builder(_name(user, *groups), self.certificate.subject, key, LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(USES, critical=False)
        )
        if hosts:
            builder = builder.add_extension(_alternatives(hosts), critical=False)
        pair = Pair(self.folder / f"{file}.crt", self.folder / f"{file}.key")
        _write(pair, builder.sign(self.key, hashes.SHA256()), key)
        return pair

    def _make(self, name: str) -> None:
        key = _new_key(self.rsa_keys)
        subject = _name(name)
        builder = (
            _builder(subject, subject, key, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_alternatives((name,)), critical=False)
        )
        _write(self.pair, builder.sign(key, hashes.SHA256()), key)


def signing_pair(folder: Path) -> Pair:
    """The key that signs tokens of service accounts, and its public half; made once."""
    pair = Pair(make_private(folder) / "tokens.pub", folder / "tokens.key")
    if not pair.certificate.exists():
        key = _new_key(rsa_keys=True)
        _write_private(pair.key, _key_text(key))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _write_private(pair.certificate, public)
    return pair


def _new_key(rsa_keys: bool):
    if rsa_keys:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, *groups: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject, issuer, key, days: int) -> x509.CertificateBuilder:
    now = datetime.fromtimestamp(time.time(), UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _alternatives(hosts: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [
            x509.IPAddress(ip_address(host)) if _is_address(host) else x509.DNSName(host)
            for host in hosts
        ]
    )


def _is_address(host: str) -> bool:
    return host == LOOPBACK or host.replace(".", "").isdigit()


def _write(pair: Pair, certificate: x509.Certificate, key) -> None:
    """The key first: where there is a certificate, there is its key."""
    _write_private(pair.key, _key_text(key))
    _write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _key_text(key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _write_private(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)
