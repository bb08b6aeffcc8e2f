"""X.509 for a cluster: its authority, its API server's certificate and those of its clients.

Everything goes in and out as PEM text, and every key is ECDSA P-256. The functions compute and
change nothing but what they are given; call those that make a key off the event loop.
"""

import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

ADMINISTRATORS = "system:masters"
"""The group that Kubernetes lets do everything."""

SKEW = timedelta(minutes=5)
"""How far a client's clock may be behind ours: certificates are valid from this long ago."""

_SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


_KEPT = 4096
"""Names and certificates that are not read again: each node of a cluster asks for the same ones."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, each as PEM text."""

    certificate: str
    key: str


def new_authority(name: str, *, now: datetime, lifetime: timedelta) -> Pair:
    """A self-signed authority that signs leaf certificates and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, subject, key.public_key(), now, lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
    )
    return _sign(builder, key, key)


def new_server(
    authority: Pair, *, names: Iterable[str], now: datetime, lifetime: timedelta
) -> Pair:
    """The API server's certificate for ``names``, as ``server_names`` gives them."""
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "kube-apiserver")])
    return _leaf(
        authority, subject, x509.oid.ExtendedKeyUsageOID.SERVER_AUTH, now, lifetime, alternatives
    )


def new_client(
    authority: Pair,
    *,
    user: str,
    group: str = ADMINISTRATORS,
    now: datetime,
    lifetime: timedelta,
) -> Pair:
    """A certificate that Kubernetes takes for ``user``, 1 to 64 characters, of ``group``."""
    subject = x509.Name(
        [
            x509.NameAttribute(x509.oid.NameOID.ORGANIZATION_NAME, group),
            x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, user),
        ]
    )
    return _leaf(authority, subject, x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH, now, lifetime)


def server_names(
    *, service_cidr: str, addresses: Iterable[str], custom: Iterable[str]
) -> tuple[str, ...]:
    """Every name of an API server, each once: its service's names and address, then the given ones.

    Raises ValueError for a ``service_cidr`` that is no network and a name no certificate can carry.
    """
    service = _service_address(service_cidr)
    names = tuple(dict.fromkeys((*_SERVICE_NAMES, service, *addresses, *custom)))
    for name in names:
        _general_name(name)
    return names


def show(context: ssl.SSLContext, pair: Pair) -> None:
    """Let who speaks TLS in a context show a certificate that is in no file. Raises OSError."""
    # The library reads files only: this one is in memory, and gone with the block.
    with os.fdopen(os.memfd_create("certificate"), "w") as file:
        file.write(pair.certificate + pair.key)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")


def covers(certificate: str, names: Iterable[str]) -> bool:
    """Whether a server certificate is made for exactly ``names``, in any order."""
    return _alternatives(certificate) == {_general_name(name) for name in names}


@lru_cache(_KEPT)
def _alternatives(certificate: str) -> "frozenset[x509.GeneralName]":
    extensions = x509.load_pem_x509_certificate(certificate.encode()).extensions
    return frozenset(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


@lru_cache(_KEPT)
def _service_address(cidr: str) -> str:
    return str(ip_network(cidr, strict=False)[1])


@lru_cache(_KEPT)
def _general_name(name: str) -> "x509.GeneralName":
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:  # not an address, so it must be a host name
        return x509.DNSName(name)


def _leaf(
    authority: Pair,
    subject: "x509.Name",
    purpose: "x509.oid.ObjectIdentifier",
    now: datetime,
    lifetime: timedelta,
    alternatives: "x509.SubjectAlternativeName | None" = None,
) -> Pair:
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    issuer_key = load_pem_private_key(authority.key.encode(), password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError("The authority's key is not an elliptic curve key.")
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(subject, issuer.subject, key.public_key(), now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id),
            critical=False,
        )
    )
    if alternatives is not None:
        builder = builder.add_extension(alternatives, critical=False)
    return _sign(builder, key, issuer_key)


def _builder(
    subject: "x509.Name",
    issuer: "x509.Name",
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> "x509.CertificateBuilder":
    # Certificates count whole seconds: one more keeps the last part of a second from being lost.
    end = (now + lifetime).replace(microsecond=0) + timedelta(seconds=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, authority: bool) -> "x509.KeyUsage":
    # No key encipherment: elliptic curve keys sign, they do not encrypt (RFC 8813, section 3).
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(
    builder: "x509.CertificateBuilder",
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> Pair:
    certificate = builder.sign(issuer_key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(certificate.public_bytes(Encoding.PEM).decode(), private.decode())
