"""Tokens: encrypted facts that the server hands out and reads back, and does not store."""

import secrets

import msgspec
from cryptography.fernet import InvalidToken

from clusterwright.iam import vault
from clusterwright.settings import Settings
from clusterwright.wire import new_id, now

_SEEN = 4096


class TokenError(ValueError):
    """The text is no token of this server."""


class TokenExpiredError(TokenError):
    """The token was good once. ``expires_at`` tells until when."""

    def __init__(self, expires_at: int) -> None:
        super().__init__("The token has expired.")
        self.expires_at = expires_at


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token says. Times are nanoseconds since 1970."""

    id: str
    user_id: str
    domain_id: str
    project_id: str
    """Empty where the token is scoped to the domain."""
    methods: tuple[str, ...]
    issued_at: int
    expires_at: int


class Tokens:
    """Issues tokens and reads them back. A token already seen costs one look into a dictionary."""

    def __init__(self, key: bytes) -> None:
        self._fernet = vault.fernet(key, "tokens")
        self._decoder = msgspec.json.Decoder(Token)
        self._seen: dict[str, Token] = {}

    def issue(
        self,
        *,
        user_id: str,
        domain_id: str,
        project_id: str,
        methods: tuple[str, ...],
        expires_at: int,
    ) -> tuple[str, Token]:
        """A new token: its text, and what it says."""
        token = Token(new_id(), user_id, domain_id, project_id, methods, now(), expires_at)
        return self._fernet.encrypt(msgspec.json.encode(token)).decode(), token

    def read(self, text: str) -> Token:
        """What a token says. Raises TokenError, or TokenExpiredError for one that was good."""
        token = self._seen.get(text) or self.open(text)
        if token.expires_at <= now():
            raise TokenExpiredError(token.expires_at)
        return token

    def open(self, text: str) -> Token:
        """What a token says, whether it has expired or not. Raises TokenError."""
        try:
            token = self._decoder.decode(self._fernet.decrypt(text))
        except (InvalidToken, ValueError) as error:
            raise TokenError("The text is no token of this server.") from error
        if len(self._seen) >= _SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[text] = token
        return token


def load_key(settings: Settings) -> bytes:
    """The key that signs tokens and seals secrets: the setting, or a file made at the first
    start.
    """
    if not settings.secret_key:
        fresh = secrets.token_urlsafe(32).encode()
        return vault.private_file(settings.data / "secret.key", fresh).strip()
    return settings.secret_key.encode()
