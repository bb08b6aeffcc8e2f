"""Service accounts of simulated clusters: any name is one, and a key of the cluster signs for it.

The key belongs to a generation of the cluster's credentials: tokens of the one before are good
until the next rotation, as certificates are.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import ISSUER, Cluster, Issuer, Unavailable
from clusterwright.drivers.simulated import store
from clusterwright.drivers.simulated.store import CertificateKey, Seal, StoredCertificate
from clusterwright.storage.database import Database

_SECOND = 1_000_000_000
_LIFETIME = 30 * 365 * 24 * 3600 * _SECOND
_BITS = 2048
_ROLE = "accounts"


class SimulatedAccounts:
    """The verbs for service accounts, over a stored key."""

    def __init__(self, database: Database, seal: Seal, *, clock: Callable[[], int]) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    async def issuer(self, cluster: Cluster) -> Issuer:
        """The keys of this generation of credentials and of the one before."""
        pairs = [await self._pair(cluster)]
        if cluster.credentials:
            async with self._database.reading() as tx:
                earlier = _key(cluster, cluster.credentials - 1)
                stored = await store.certificate(tx, earlier, self._seal)
            pairs += [stored.pair] if stored else []
        return Issuer(name=ISSUER, keys={"keys": [_jwk(pair) for pair in pairs]})

    async def token(
        self, cluster: Cluster, namespace: str, name: str, *, audiences: Sequence[str], seconds: int
    ) -> str:
        """A token with the claims that Kubernetes writes."""
        pair = await self._pair(cluster)
        now = self._clock() // _SECOND
        uid = uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.uid}/{namespace}/{name}")
        claims = {
            "aud": list(audiences) or [ISSUER],
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": name, "uid": str(uid)},
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        headers = {"kid": str(_jwk(pair)["kid"])}
        return await asyncio.to_thread(
            jwt.encode, claims, pair.key, algorithm="RS256", headers=headers
        )

    async def _pair(self, cluster: Cluster) -> Pair:
        """The key that signs now, made if need be: its public half stands for a certificate."""
        key = _key(cluster, cluster.credentials)
        async with self._database.reading() as tx:
            stored = await store.certificate(tx, key, self._seal)
        if stored is not None:
            return stored.pair
        made = await asyncio.to_thread(_new)
        async with self._database.transaction() as tx:
            held = await store.hold(tx, cluster.uid)
            if held is None or held.gone_at is not None:
                raise Unavailable(f"The cluster {cluster.name} has no control plane.")
            stored = await store.certificate(tx, key, self._seal)
            if stored is not None:
                return stored.pair
            now = self._clock()
            kept = StoredCertificate(made, now + _LIFETIME)
            await store.keep(tx, key, kept, self._seal, now=now)
        return made


def _key(cluster: Cluster, credentials: int) -> CertificateKey:
    return CertificateKey(cluster_uid=cluster.uid, role=_ROLE, credentials=credentials)


def _new() -> Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Pair(public.decode(), private.decode())


def _jwk(pair: Pair) -> dict[str, Any]:
    """The public key as Kubernetes publishes one."""
    public = load_pem_public_key(pair.certificate.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    numbers = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))
    kid = uuid.uuid5(uuid.NAMESPACE_OID, pair.certificate)
    return {
        "use": "sig",
        "kty": "RSA",
        "kid": str(kid),
        "alg": "RS256",
        "n": numbers["n"],
        "e": numbers["e"],
    }
