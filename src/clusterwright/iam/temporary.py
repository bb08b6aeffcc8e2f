"""Temporary access keys: made for a caller, and ending no later than what it came with."""

import secrets
from dataclasses import dataclass

from clusterwright import errors
from clusterwright.clock import now
from clusterwright.errors import ApiError
from clusterwright.iam import store, vault
from clusterwright.iam.caller import Caller
from clusterwright.iam.store import AccessKey
from clusterwright.iam.vault import Vault
from clusterwright.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Issued:
    """A key, and what is told of it only once."""

    key: AccessKey
    secret: str
    security_token: str


def issue(sealing: Vault, caller: Caller, *, seconds: int) -> Issued:
    """A key for the caller, which is good once it is kept."""
    ends = now() + seconds * 1_000_000_000
    secret, security_token = vault.new_secret_key(), secrets.token_urlsafe(96)
    key = AccessKey(
        access_key=vault.new_access_key(),
        user_id=caller.user_id,
        sealed_secret=sealing.seal(secret),
        security_token_hash=vault.digest(security_token),
        expires_at=min(ends, caller.expires_at or ends),
        chain=caller.chain,
    )
    return Issued(key, secret, security_token)


async def keep(tx: Tx, issued: Issued, *, most: int) -> None:
    """Make the key good. Raises ApiError IAM_KEY_QUOTA where the user has ``most`` already."""
    await store.add(tx, issued.key)  # first, as its lock makes other additions wait
    if await store.temporary_keys(tx, issued.key.user_id, now()) > most:
        raise ApiError(
            errors.IAM_KEY_QUOTA,
            f"The user has {most} temporary keys that have not ended. Use one of them.",
        )
