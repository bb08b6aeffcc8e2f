"""Certificates are what TLS stacks and Kubernetes expect of them."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from clusterwright.drivers import certificates
from clusterwright.drivers.certificates import Pair

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NAMES = certificates.server_names(
    service_cidr="10.247.0.0/16", addresses=["192.168.0.61"], custom=["api.example.com"]
)


@pytest.fixture(scope="module")
def authority() -> Pair:
    return certificates.new_authority("demo", now=NOW, lifetime=DAY)


@pytest.fixture(scope="module")
def server(authority: Pair) -> Pair:
    return certificates.new_server(authority, names=NAMES, now=NOW, lifetime=DAY)


@pytest.fixture(scope="module")
def client(authority: Pair) -> Pair:
    return certificates.new_client(authority, user="alice", now=NOW, lifetime=DAY)


def context(protocol: int, trusted: Pair, own: Pair) -> ssl.SSLContext:
    """One side of mutual TLS, as strict as OpenSSL can be about extensions."""
    made = ssl.SSLContext(protocol)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    made.load_verify_locations(cadata=trusted.certificate)
    certificates.show(made, own)
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Connect both sides in memory. Raises SSLError when one refuses the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for side in list(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)
    assert not sides


@pytest.mark.parametrize("name", NAMES)
def test_server_and_client_trust_each_other_under_every_name(
    authority: Pair, server: Pair, client: Pair, name: str
) -> None:
    serving = context(ssl.PROTOCOL_TLS_SERVER, authority, server)
    calling = context(ssl.PROTOCOL_TLS_CLIENT, authority, client)

    shake_hands(serving, calling, name)


def test_a_server_is_refused_under_another_name(
    authority: Pair, server: Pair, client: Pair
) -> None:
    serving = context(ssl.PROTOCOL_TLS_SERVER, authority, server)
    calling = context(ssl.PROTOCOL_TLS_CLIENT, authority, client)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(serving, calling, "other.example.com")


def test_a_client_of_another_authority_is_refused(authority: Pair, server: Pair) -> None:
    other = certificates.new_authority("demo", now=NOW, lifetime=DAY)
    stranger = certificates.new_client(other, user="alice", now=NOW, lifetime=DAY)
    serving = context(ssl.PROTOCOL_TLS_SERVER, authority, server)
    calling = context(ssl.PROTOCOL_TLS_CLIENT, authority, stranger)

    with pytest.raises(ssl.SSLError):
        shake_hands(serving, calling, "kubernetes")


def test_names_are_those_of_the_service_and_those_given() -> None:
    assert NAMES == (
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "10.247.0.1",
        "192.168.0.61",
        "api.example.com",
    )


@pytest.mark.parametrize(("cidr", "custom"), [("nonsense", "ok"), ("10.0.0.0/16", "bücher.de")])
def test_names_that_no_certificate_can_carry_are_refused(cidr: str, custom: str) -> None:
    with pytest.raises(ValueError, match=r"nonsense|A-label"):
        certificates.server_names(service_cidr=cidr, addresses=[], custom=[custom])


def test_a_leaf_serves_one_purpose_and_signs_nothing(server: Pair, client: Pair) -> None:
    for pair, purpose in (
        (server, ExtendedKeyUsageOID.SERVER_AUTH),
        (client, ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        extensions = x509.load_pem_x509_certificate(pair.certificate.encode()).extensions

        assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
        assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [purpose]


def test_a_certificate_is_valid_at_least_its_lifetime(client: Pair) -> None:
    loaded = x509.load_pem_x509_certificate(client.certificate.encode())

    assert loaded.not_valid_before_utc <= NOW
    assert NOW + DAY <= loaded.not_valid_after_utc <= NOW + DAY + timedelta(seconds=1)


def test_covering_means_exactly_the_same_names(server: Pair) -> None:
    assert certificates.covers(server.certificate, reversed(NAMES))
    assert not certificates.covers(server.certificate, NAMES[1:])
    assert not certificates.covers(server.certificate, [*NAMES, "more.example.com"])
