"""What must stay secret at rest: private files and sealed secrets."""

import base64
import hashlib
import os
import secrets
import string
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ALPHANUMERIC = string.ascii_letters + string.digits


def private_file(path: Path, content: bytes) -> bytes:
    """Write a file that only we may read, unless it exists; return what is in it.

    The file appears whole or not at all, and processes that write at once return the same content.
    """
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()


def _publish(draft: Path, path: Path) -> None:
    """Give a draft its name for good, unless another process was first."""
    try:
        # A link, because a rename would replace the file of whoever was first.
        path.hardlink_to(draft)
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def fernet(key: bytes, purpose: str) -> Fernet:
    """Encryption with a key for each purpose: one kind of text never passes as another."""
    derived = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))


class Vault:
    """Seals secrets for the database. Signatures need the secret itself, so a hash would not do."""

    def __init__(self, key: bytes) -> None:
        self._fernet = fernet(key, "secrets")
        self.open = lru_cache(maxsize=4096)(self._open)

    def seal(self, secret: str) -> str:
        """``secret`` as text that means nothing without the server's key."""
        return self._fernet.encrypt(secret.encode()).decode()

    def can_open(self, sealed: str) -> bool:
        """Whether a text was sealed with this key."""
        try:
            self._fernet.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def _open(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise RuntimeError(
                "A sealed secret does not open: the server's secret key has changed."
            ) from error


def digest(secret: str) -> str:
    """A hash for secrets that are long and random already."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_access_key() -> str:
    """A new access key id: 20 capitals and digits."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(20))


def new_secret_key() -> str:
    """A new secret key: 40 letters and digits."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(40))
