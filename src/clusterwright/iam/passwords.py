"""Passwords: how they are made, hashed and checked, and by how many threads at a time.

Hashes are Argon2id as PHC text, which holds the parameters it was made with. Earlier releases wrote
``salt$hash`` of scrypt; that is still read, and replaced at the user's next log-in.
"""

import asyncio
import hashlib
import hmac
import secrets
import string
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

T = TypeVar("T")


class Cost(NamedTuple):
    """What hashing a password takes: KiB of memory, and how often all of it is gone through."""

    memory_kib: int
    iterations: int


COST = Cost(memory_kib=24 * 1024, iterations=2)
"""Some 25 ms: what scrypt took, so that old hashes and new ones cannot be told apart."""

_LANES = 1
_HASH_BYTES = 32
_SALT_BYTES = 16
_OLD_SCRYPT = {"n": 2**14, "r": 8, "p": 1}

HASHERS = 2
"""How many passwords one process hashes at a time."""
WAITING = 128
"""How many more may wait for their turn: a second or two of work."""


def new_password() -> str:
    """A new password: 24 letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))


def hash_password(password: str) -> str:
    """A salted hash. Takes tens of milliseconds: never call it on the event loop."""
    return _argon2id(secrets.token_bytes(_SALT_BYTES)).derive_phc_encoded(_bytes(password))


def check_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is right. Takes as long for nobody (None) as for a user."""
    if password_hash is None:
        _argon2id(b"\0" * _SALT_BYTES).derive(_bytes(password))
        return False
    if not password_hash.startswith("$"):
        return _check_scrypt(password, password_hash)
    try:
        Argon2id.verify_phc_encoded(_bytes(password), password_hash)
    except InvalidKey:
        return False
    return True


def is_outdated(password_hash: str) -> bool:
    """Whether a hash was made in another way than new ones are."""
    current = f"$argon2id$v=19$m={COST.memory_kib},t={COST.iterations},p={_LANES}$"
    return not password_hash.startswith(current)


def _argon2id(salt: bytes) -> Argon2id:
    return Argon2id(
        salt=salt,
        length=_HASH_BYTES,
        iterations=COST.iterations,
        lanes=_LANES,
        memory_cost=COST.memory_kib,
    )


def _check_scrypt(password: str, password_hash: str) -> bool:
    salt, expected = (bytes.fromhex(part) for part in password_hash.split("$"))
    return hmac.compare_digest(hashlib.scrypt(_bytes(password), salt=salt, **_OLD_SCRYPT), expected)


def _bytes(password: str) -> bytes:
    # A lone surrogate is legal in a JSON string, and no password anybody can type.
    return password.encode(errors="surrogatepass")


class Crowded(Exception):
    """As many passwords wait to be hashed as may wait."""


class Hashers:
    """A few threads that do nothing but hash, so that a crowd of guessers leaves the others alone.

    Use ``close`` when done.
    """

    def __init__(self, *, at_once: int = HASHERS, waiting: int = WAITING) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._turns = asyncio.Semaphore(at_once)
        self._places = at_once + waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a thread is free, for the length of the block. Raises Crowded."""
        if not self._places:
            raise Crowded
        self._places -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._places += 1

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """What a function returns that hashes; call this in one's turn."""
        # The threads are as many as the turns, so work whose caller has left still counts.
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def close(self) -> None:
        """Hash nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
