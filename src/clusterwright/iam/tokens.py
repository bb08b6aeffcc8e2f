"""Tokens: encrypted facts that the server hands out and reads back, and does not store."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from cryptography.fernet import InvalidToken

from clusterwright.clock import now
from clusterwright.iam import vault
from clusterwright.ids import new_id

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
    # Below: added later, so tokens of earlier releases end before them.
    first: str = ""
    """The id of the token that this one descends from; empty for one that descends from none."""
    password: int = 0
    """When the user's password of that time was set, which tells it from later ones; 0 where the
    token does not say.
    """

    @property
    def chain(self) -> str:
        """What this token, all made from it and all that it was made from have in common."""
        return self.first or self.id


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
        password: int,
        first: str = "",
    ) -> tuple[str, Token]:
        """A new token: its text, and what it says."""
        token = Token(
            id=new_id(),
            user_id=user_id,
            domain_id=domain_id,
            project_id=project_id,
            methods=methods,
            issued_at=now(),
            expires_at=expires_at,
            first=first,
            password=password,
        )
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
            # Decoding skips what is no base64, so one token would have endless texts.
            if urlsafe_b64encode(urlsafe_b64decode(text)) != text.encode():
                raise TokenError("The text is not written as tokens are.")
            token = self._decoder.decode(self._fernet.decrypt(text))
        except (InvalidToken, ValueError) as error:
            raise TokenError("The text is no token of this server.") from error
        if len(self._seen) >= _SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[text] = token
        return token
