"""Who holds certificates of a cluster: one authority per user, so that each can be revoked alone.

The API server knows no lists of revoked certificates, but it reads the authorities that it trusts
again when their file changes, and asks them at each request. So the certificates of a user end when
the user's authority goes. It is nobody's child: no other authority vouches for what it signed.

All functions are to be called while the cluster's folder is held, with the folder of a generation
of credentials.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from clusterwright.drivers import certificates
from clusterwright.drivers.certificates import Pair
from clusterwright.drivers.contract import Unavailable
from clusterwright.drivers.local.folder import read_json, write_json
from clusterwright.storage import limits

CLIENTS = "cce:admins"
"""The group of everybody who gets credentials; a binding of ours makes them administrators."""

LIFETIME = timedelta(days=30 * 365)
"""How long everything is valid but clients' certificates."""

_SECOND = 1_000_000_000
_AUTHORITY = "authority.json"


def moment(nanoseconds: int) -> datetime:
    """A time as certificates know it."""
    return datetime.fromtimestamp(nanoseconds // _SECOND, UTC)


def authorities(credentials: Path) -> list[str]:
    """The certificates of all authorities of users, in an order that stays."""
    paths = sorted((credentials / "holders").glob(f"*/{_AUTHORITY}"))
    return [read_json(path)["certificate"] for path in paths]


def client(
    credentials: Path, *, user: str, lifetime_seconds: int, generation: int, now: int
) -> Pair:
    """A user's certificate: the one there is, while at least half of its lifetime is left.

    Raises Unavailable for a generation that has been revoked.
    """
    home = _home(credentials, user)
    authority = _ensure_authority(home, user, generation, now)
    path = home / f"{_hash([lifetime_seconds, generation])}.json"
    found = read_json(path)
    if found is not None and 2 * (found["expires"] - now) >= lifetime_seconds * _SECOND:
        return Pair(found["certificate"], found["key"])
    pair = certificates.new_client(
        authority,
        user=user,
        group=CLIENTS,
        now=moment(now),
        lifetime=timedelta(seconds=lifetime_seconds),
    )
    made = {
        "generation": generation,
        "made": now,
        "expires": now + lifetime_seconds * _SECOND,
        "certificate": pair.certificate,
        "key": pair.key,
    }
    write_json(path, made)
    _forget_unused(home, now)
    return pair


def revoke(credentials: Path, *, user: str, generation: int, now: int) -> Pair | None:
    """End a user's certificates of earlier generations.

    Returns one that must not be taken any more, if there is one that has not expired.
    """
    home = _home(credentials, user)
    if not home.is_dir():
        return None
    valid = [found for _, found in _kept(home) if found["expires"] > now]
    ended = next((found for found in valid if found["generation"] < generation), None)
    # Whoever died between making the folder and its first file has left the first generation.
    authority = read_json(home / _AUTHORITY) or {"generation": 0}
    if authority["generation"] < generation:
        _ensure_authority(home, user, generation, now)
    return None if ended is None else Pair(ended["certificate"], ended["key"])


def _ensure_authority(home: Path, user: str, generation: int, now: int) -> Pair:
    """The user's authority of this generation, in the place of an earlier one."""
    found = read_json(home / _AUTHORITY)
    if found is not None and found["generation"] > generation:
        raise Unavailable("These credentials have just been revoked. Ask again.")
    if found is None or found["generation"] < generation:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A short name of its own: the API server tells the names of all to whoever connects.
        pair = certificates.new_authority(_hash(user)[:16], now=moment(now), lifetime=LIFETIME)
        found = {"generation": generation, "certificate": pair.certificate, "key": pair.key}
        write_json(home / _AUTHORITY, found)
    return Pair(found["certificate"], found["key"])


def _kept(home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in home.glob("*.json"):
        if path.name != _AUTHORITY:
            yield path, read_json(path)


def _forget_unused(home: Path, now: int) -> None:
    """Forget what has expired or was revoked, and of the rest all but the last made."""
    generation = read_json(home / _AUTHORITY)["generation"]
    kept = []
    for path, found in _kept(home):
        if found["expires"] <= now or found["generation"] < generation:
            path.unlink(missing_ok=True)
        else:
            kept.append((found["made"], path))
    for _, path in sorted(kept, reverse=True)[limits.KEPT_CERTIFICATES :]:
        path.unlink(missing_ok=True)


def _home(credentials: Path, user: str) -> Path:
    return credentials / "holders" / _hash(user)


def _hash(key: object) -> str:
    return sha256(json.dumps(key).encode()).hexdigest()
