"""Pure: whose token a token is, by the keys of its cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from clusterwright.drivers.contract import Issuer

AUDIENCE = "service.cce.pods"
"""Whom a token must be meant for: one that was made for somebody else is not to be traded."""
_ALGORITHMS = ("RS256", "ES256")
"""What API servers sign with."""
_LEEWAY = 10
"""Seconds that two clocks may differ."""


class BadToken(ValueError):
    """A token that is not what it should be; the text tells why, and nothing of the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose token it is."""

    namespace: str
    service_account: str
    pod: str
    """The uid of the pod that it is bound to, or empty."""


def verified(token: str, issuer: Issuer) -> Claims:
    """Whose token this is, certainly. Raises BadToken."""
    try:
        told = jwt.get_unverified_header(token)
        key = next(
            (each for each in issuer.keys["keys"] if each.get("kid") == told.get("kid")), None
        )
        if key is None:
            raise BadToken("It was signed by no key of this cluster.")
        known = jwt.PyJWK.from_dict(dict(key))
        if known.algorithm_name not in _ALGORITHMS:
            raise BadToken("It is signed by an algorithm that is not taken.")
        claims = jwt.decode(
            token,
            known,
            algorithms=[known.algorithm_name],
            audience=AUDIENCE,
            issuer=issuer.name,
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.InvalidTokenError as error:
        raise BadToken(f"{_reason(error)}") from None
    return _claims(claims)


def _claims(claims: Mapping[str, Any]) -> Claims:
    inside = claims.get("kubernetes.io")
    account = inside.get("serviceaccount") if isinstance(inside, dict) else None
    if not isinstance(inside, dict) or not isinstance(account, dict):
        raise BadToken("It is no projected token of a service account.")
    namespace, name = inside.get("namespace"), account.get("name")
    if claims.get("sub") != f"system:serviceaccount:{namespace}:{name}":
        raise BadToken("It is no projected token of a service account.")
    pod = inside.get("pod")
    uid = pod.get("uid") if isinstance(pod, dict) else ""
    return Claims(str(namespace), str(name), str(uid or ""))


def _reason(error: "jwt.InvalidTokenError") -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "It has expired."
        case jwt.InvalidAudienceError():
            return f"It is not meant for the audience {AUDIENCE}."
        case jwt.InvalidIssuerError():
            return "It is of another issuer."
        case jwt.InvalidSignatureError():
            return "Its signature is wrong."
        case _:
            return "It is no token that could be verified."
