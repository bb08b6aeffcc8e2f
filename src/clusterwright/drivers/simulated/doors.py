"""What it takes to be the API server of a simulated cluster: certificates, and who holds one.

A client's certificate is known as long as its row is there: revoking removes the row, and so does
a rotation of credentials that has been followed by another.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from clusterwright.drivers import certificates
from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.simulated import store
from clusterwright.drivers.simulated.store import Seal
from clusterwright.storage.database import Database

LIFETIME = timedelta(days=365)
"""How long the certificate that a door shows is good; each process makes its own."""
MOST_NAMES = 1000
"""Names whose certificates are kept in memory."""
_SECOND = 1_000_000_000


class SimulatedDoors:
    """The certificates of doors, and who may come in."""

    def __init__(self, database: Database, seal: Seal, *, clock: Callable[[], int]) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock
        self._contexts: dict[str, tuple[tuple[Pair, ...], ssl.SSLContext]] = {}

    async def context(self, name: str) -> ssl.SSLContext | None:
        """How to speak TLS by a name, which begins with a cluster's id; None for an unknown one."""
        uid = name.partition(".")[0]
        async with self._database.reading() as tx:
            pairs = await store.authorities(tx, uid, self._seal)
        if not pairs:
            self._contexts.pop(name, None)
            return None
        known = self._contexts.get(name)
        if known is None or known[0] != pairs:
            made = await asyncio.to_thread(self._make, name, pairs)
            if len(self._contexts) >= MOST_NAMES:  # any name below a host may be asked for
                self._contexts.clear()
            self._contexts[name] = known = (pairs, made)
        return known[1]

    def _make(self, name: str, pairs: tuple[Pair, ...]) -> ssl.SSLContext:
        # The older authority signs: kubeconfigs of both generations trust it.
        now = datetime.fromtimestamp(self._clock() // _SECOND, UTC)
        server = certificates.new_server(pairs[0], names=(name,), now=now, lifetime=LIFETIME)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata="".join(pair.certificate for pair in pairs))
        certificates.show(context, server)
        return context

    async def holder(self, uid: str, shown: bytes) -> str | None:
        """The user whose certificate was shown, in DER; None where it is not known any more."""
        certificate = x509.load_der_x509_certificate(shown)
        [name] = certificate.subject.get_attributes_for_oid(x509.oid.NameOID.COMMON_NAME)
        user = str(name.value)
        pem = certificate.public_bytes(Encoding.PEM).decode()
        async with self._database.reading() as tx:
            found = await store.is_client(tx, uid, user, pem)
        return user if found else None
